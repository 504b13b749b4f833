//! `klime dev`: a local Klime to develop against.

pub mod checks;
pub mod event;
pub mod fault;
pub mod guard;
pub mod validate;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::exit::Exit;
use crate::print;

/// Run a local Klime to develop against.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The port to listen on; 0 takes any free one
    #[arg(long, default_value_t = 5546)]
    port: u16,
}

/// Runs it until Ctrl-C.
pub(crate) fn run(args: Args) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let served =
        runtime.and_then(|runtime| runtime.block_on(serve(SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)))));
    match served {
        Ok(()) => Exit::Taken.into(),
        Err(error) => {
            print::error(format_args!("port {}: {error}", args.port));
            Exit::Usage.into()
        }
    }
}

async fn serve(address: SocketAddr) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    print::line(format_args!("klime dev listens on http://{}", listener.local_addr()?));
    let app = Router::new().route("/healthz", get(|| async { r#"{"status":"ok"}"# }));
    let stopped = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, app).with_graceful_shutdown(stopped).await
}
