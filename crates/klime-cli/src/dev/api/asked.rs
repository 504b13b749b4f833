//! The query string of a request, as an extractor.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use super::ApiError;
use crate::dev::query::Parameters;

/// The parameters that a request asks with.
#[derive(Debug)]
pub(crate) struct Asked(pub(crate) Parameters);

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) = query.map_err(|error| ApiError::bad(format!("the query cannot be read: {error}")))?;
        Ok(Self(Parameters::new(pairs)?))
    }
}
