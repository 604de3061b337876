//! Why an authorization failed.

use metaads_graph::{DeadGrant, GraphError, Misconfiguration, Recovery};
use metaads_store::OperatorNotice;
use serde::{Deserialize, Serialize};

use crate::codes::error_code::{Code, ResponsibleParty};

/// Why an authorization failed, and what the result page shows.
#[derive(Debug)]
pub struct Failure {
    pub code: Code,
    pub detail: FailureDetail,
    /// What only the operator can fix.
    pub notice: Option<Box<OperatorNotice>>,
}

/// What the result page shows beside the text of the code. Never a secret.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct FailureDetail {
    /// Who was expected to reconnect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Who came instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met: Option<String>,
    /// Meta's own numbers, for a support request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<String>,
}

impl From<Code> for Failure {
    fn from(code: Code) -> Failure {
        Failure { code, detail: FailureDetail::default(), notice: None }
    }
}

impl From<GraphError> for Failure {
    fn from(error: GraphError) -> Failure {
        Failure::of_error(&error)
    }
}

impl Failure {
    /// The failure that an error of a call to Meta means.
    pub fn of_error(error: &GraphError) -> Failure {
        let meta = match error {
            GraphError::Api(api_error) => Some(api_error.to_string()),
            _ => None,
        };
        let misconfiguration = match error.recovery() {
            Recovery::Operator(misconfiguration) => Some(misconfiguration.as_str().to_owned()),
            _ => None,
        };
        let code = code_of_error(error);
        let notice = (code.responsible_party() == ResponsibleParty::Admin).then(|| {
            let error = Some(error.to_string());
            Box::new(OperatorNotice::MetaLoginRefused { dialog_error: None, misconfiguration, error })
        });
        let detail = FailureDetail { meta, ..FailureDetail::default() };
        Failure { code, detail, notice }
    }

    /// The failure that an error of the login dialog means. `number` is the dialog's error code.
    pub fn of_dialog(code: Code, number: Option<i64>) -> Failure {
        let meta = number.map(|number| format!("dialog error {number}"));
        let notice =
            OperatorNotice::MetaLoginRefused { dialog_error: number, misconfiguration: None, error: None };
        Failure {
            code,
            detail: FailureDetail { meta, ..FailureDetail::default() },
            notice: Some(Box::new(notice)),
        }
    }
}

/// The stable code of an error of a call to Meta that connecting needs. A permanent refusal that the table of errors does
/// not explain is the operator's: it is not an outage, and the person can do nothing about it.
pub fn code_of_error(error: &GraphError) -> Code {
    match error.recovery() {
        Recovery::RetryLater | Recovery::ReduceLimit => Code::MetaUnavailable,
        Recovery::Wait(_) => Code::MetaRateLimited,
        Recovery::Operator(Misconfiguration::Role) => Code::AppNotActive,
        Recovery::Grant(DeadGrant::Checkpoint) | Recovery::TwoFactor => Code::Checkpoint,
        Recovery::Grant(DeadGrant::UserUnconfirmed) => Code::UserUnconfirmed,
        Recovery::LoginAgain | Recovery::Grant(_) => Code::CodeRefused,
        Recovery::Operator(_)
        | Recovery::Permission
        | Recovery::Asset
        | Recovery::WrongToken
        | Recovery::Bug
        | Recovery::Unknown => Code::MetaAppMisconfigured,
    }
}
