//! A JSON body. What can be parsed and not used is 422, with a sentence that says why.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::api::list::invalid;
use crate::app::App;
use crate::http::problem::Problem;

#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<JsonBody<T>, Problem> {
        match Json::<T>::from_request(request, app).await {
            Ok(Json(body)) => Ok(JsonBody(body)),
            Err(rejection) => Err(match rejection.status() {
                StatusCode::UNPROCESSABLE_ENTITY => invalid(&rejection.body_text()),
                status => Problem::Rejected(status),
            }),
        }
    }
}
