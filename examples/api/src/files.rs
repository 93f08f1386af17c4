//! `POST /api/files`: takes a form with files, or one file as the body, and returns what arrived.

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, Multipart, Request},
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use countersign_resource_server::Authenticated;
use serde::Serialize;

#[derive(Serialize)]
struct Received {
    files: Vec<File>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File {
    /// The form field; absent for a raw body.
    field: Option<String>,
    name: Option<String>,
    content_type: Option<String>,
    /// The size in bytes.
    size: usize,
}

pub(crate) async fn upload(_caller: Authenticated, request: Request) -> Result<Response, Response> {
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let is_form = content_type.as_deref().is_some_and(|value| {
        value
            .to_ascii_lowercase()
            .starts_with("multipart/form-data")
    });
    let files = if is_form {
        form(request).await?
    } else {
        let body = Bytes::from_request(request, &())
            .await
            .map_err(IntoResponse::into_response)?;
        vec![File {
            field: None,
            name: None,
            content_type,
            size: body.len(),
        }]
    };
    Ok(Json(Received { files }).into_response())
}

async fn form(request: Request) -> Result<Vec<File>, Response> {
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(IntoResponse::into_response)?;
    let mut files = Vec::new();
    while let Some(field) = form
        .next_field()
        .await
        .map_err(IntoResponse::into_response)?
    {
        let (name, file_name, content_type) = (
            field.name().map(str::to_owned),
            field.file_name().map(str::to_owned),
            field.content_type().map(str::to_owned),
        );
        let body = field.bytes().await.map_err(IntoResponse::into_response)?;
        files.push(File {
            field: name,
            name: file_name,
            content_type,
            size: body.len(),
        });
    }
    Ok(files)
}
