//! Addresses of Meta's pages that people are sent to.

pub const FACEBOOK: &str = "https://www.facebook.com/";
pub const ADS_MANAGER: &str = "https://adsmanager.facebook.com/";
pub const BUSINESS_SETTINGS: &str = "https://business.facebook.com/settings";
pub const BILLING: &str = "https://business.facebook.com/billing_hub/payment_settings";
pub const ACCOUNT_QUALITY: &str = "https://www.facebook.com/accountquality";
pub const SECURITY_SETTINGS: &str = "https://accountscenter.facebook.com/password_and_security";
pub const META_STATUS: &str = "https://metastatus.com/";
