//! The gateway's program.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::{env, io};

use bartizan_gateway::cli::{Invocation, Stop, Task};
use bartizan_gateway::serve::stop_on_signals;
use bartizan_gateway::{Config, ConfigError, Gateway, StopSignal, telemetry};

fn main() -> ExitCode {
    let invocation = match Invocation::parse(env::args_os()) {
        Ok(invocation) => invocation,
        Err(Stop::Help(text)) => return print(&text),
        Err(Stop::Wrong(error)) => {
            say(&error);
            return ExitCode::from(ConfigError::EXIT_CODE);
        }
    };
    if invocation.task == Task::PrintConfig {
        return print(&invocation.config.to_toml());
    }
    match serve(invocation.config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    telemetry::install(config.log.level)?;
    // As many workers as cores.
    tokio::runtime::Runtime::new()?.block_on(async {
        let (handle, stop) = StopSignal::new();
        stop_on_signals(handle)?;
        let gateway = Gateway::bind(config).await?;
        let address = gateway.local_addr()?;
        tracing::info!(target: telemetry::TARGET, %address, "listening");
        gateway.run(stop).await?;
        Ok(())
    })
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Prints an error with its causes in one line.
fn say(error: &dyn Error) {
    let mut line = format!("bartizan-gateway: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    eprintln!("{line}");
}
