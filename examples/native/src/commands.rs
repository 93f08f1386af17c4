use countersign_client::native::{Error, NativeClient, open_browser};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Body, Method, RequestBuilder};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::options::Options;
use crate::output::Output;

pub(crate) async fn run(options: &Options, output: Output) -> Result<(), Error> {
    let client = options.client()?;
    let open = |url: &str| {
        if options.json || options.print_url || !open_browser(url) {
            output.authorize(url);
        }
    };
    let tokens = if options.client_credentials {
        client.client_credentials().await?
    } else {
        client.login(open).await?
    };
    output.tokens("login", &tokens);
    if options.stdin {
        return commands(&client, output).await;
    }
    let Some(api) = &options.api else {
        return Ok(());
    };
    let method = match (&options.method, &options.data) {
        (Some(method), _) => method,
        (None, Some(_)) => "POST",
        (None, None) => "GET",
    };
    for _ in 0..options.times {
        call(&client, output, method, api, options.data.as_deref()).await?;
    }
    if options.refresh {
        output.tokens("refresh", &client.renew().await?);
        call(&client, output, method, api, options.data.as_deref()).await?;
    }
    Ok(())
}

/// Runs commands until the end of standard input. A command that fails does not end the loop.
async fn commands(client: &NativeClient, output: Output) -> Result<(), Error> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Err(error) = command(client, output, line.trim()).await {
            output.error(&error);
        }
    }
    Ok(())
}

async fn command(client: &NativeClient, output: Output, line: &str) -> Result<(), Error> {
    let mut words = line.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (None | Some(""), ..) => {}
        (Some("refresh"), None, None) => output.tokens("refresh", &client.renew().await?),
        (Some("tokens"), None, None) => {
            let tokens = client.tokens().await?.ok_or(Error::NotLoggedIn)?;
            output.tokens("tokens", &tokens);
        }
        (Some("logout"), None, None) => output.logged_out(client.logout().await?.as_deref()),
        (Some("STREAM"), Some(url), Some(text)) => stream(client, output, url, text).await?,
        (Some(method), Some(url), body) => call(client, output, method, url, body).await?,
        _ => output.usage("write METHOD URL [JSON], STREAM URL TEXT, refresh, tokens or logout"),
    }
    Ok(())
}

async fn call(
    client: &NativeClient,
    output: Output,
    method: &str,
    url: &str,
    json: Option<&str>,
) -> Result<(), Error> {
    let Ok(method) = Method::from_bytes(method.as_bytes()) else {
        output.usage("the method is not valid; write one like GET");
        return Ok(());
    };
    let mut request = client.http().request(method, url);
    if let Some(json) = json {
        let body = String::from(json);
        request = request.header(CONTENT_TYPE, "application/json").body(body);
    }
    show(client, output, request).await
}

/// Sends a body that reqwest treats as a stream, so that it can't be sent twice. (For HTTP it is an
/// ordinary body.)
async fn stream(client: &NativeClient, output: Output, url: &str, text: &str) -> Result<(), Error> {
    let body = Body::wrap(String::from(text));
    show(client, output, client.http().post(url).body(body)).await
}

async fn show(client: &NativeClient, output: Output, request: RequestBuilder) -> Result<(), Error> {
    output.response(client.send(request).await?).await
}
