//! The reference server's program.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::{env, io};

use bartizan_server::app::{self, App, app};
use bartizan_server::cli::{Invocation, Stop, Task};
use bartizan_server::config::{self, Config, ConfigError};
use bartizan_server::data::STATEMENT_BUDGET;
use bartizan_server::data::seed::Seeding;
use bartizan_server::healthcheck::{self, healthcheck};
use bartizan_server::readiness::Readiness;
use bartizan_server::serve::{ServeOptions, StopSignal, bind, serve, stop_on_signals};
use bartizan_server::starting::Starting;
use bartizan_server::{report, telemetry};
use tokio::time::timeout;

fn main() -> ExitCode {
    let variable = |name: &str| Some(env::var_os(name)?.to_string_lossy().into_owned());
    let invocation = match Invocation::parse(env::args_os(), variable) {
        Ok(invocation) => invocation,
        Err(Stop::Help(text)) => return print(&text),
        Err(Stop::Wrong(error)) => {
            say(&error);
            return ExitCode::from(ConfigError::EXIT_CODE);
        }
    };
    match run(&invocation) {
        Ok(code) => code,
        Err(error) => {
            say(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn run(invocation: &Invocation) -> Result<ExitCode, Box<dyn Error>> {
    let config = &invocation.config;
    match invocation.task {
        Task::Config { table: true } => Ok(print(&config::markdown())),
        Task::Config { table: false } => Ok(print(&report::values(&invocation.values))),
        Task::Routes => Ok(print(&report::routes())),
        Task::Layers => Ok(print(&report::layers())),
        Task::Healthcheck => {
            healthcheck(config.listen, healthcheck::TIMEOUT)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Migrate => blocking(config, async {
            app::open(config).await?;
            print("The tables are up to date\n");
            Ok(())
        }),
        Task::Seed => blocking(config, async {
            let database = app::open(config).await?;
            print(match app::seed(&database, config).await? {
                Seeding::Filled => "The demo data are there\n",
                Seeding::LeftAlone => "The database holds data and was left as it was\n",
            });
            Ok(())
        }),
        Task::Serve => blocking(config, serve_until_stopped(config)),
    }
}

fn blocking(
    config: &Config,
    task: impl Future<Output = Result<(), Box<dyn Error>>>,
) -> Result<ExitCode, Box<dyn Error>> {
    telemetry::install(config)?;
    tokio::runtime::Runtime::new()?.block_on(task)?;
    Ok(ExitCode::SUCCESS)
}

async fn serve_until_stopped(config: &Config) -> Result<(), Box<dyn Error>> {
    let (handle, stop) = StopSignal::new();
    stop_on_signals(handle)?;
    // A taken port is found before anything is migrated or seeded.
    let listener = bind(config.listen)?;
    let address = listener.local_addr()?;
    let readiness = Readiness::new();
    let starting = Starting::new(config, readiness.clone())?;
    let options = ServeOptions::new(config.drain);
    let mut serving =
        tokio::spawn(serve(listener, starting.clone(), options, readiness.clone(), stop));
    let App { router, demo_keys, database, .. } = tokio::select! {
        app = app(config, readiness.clone()) => app?,
        // Asked to stop meanwhile; what was begun in the database is rolled back.
        ended = &mut serving => return Ok(ended.map(drop)?),
    };
    starting.finish(router);
    readiness.ready();
    print(&report::welcome(address, &demo_keys));
    tracing::info!(target: telemetry::TARGET, %address, "listening");
    let sweeping = tokio::spawn(app::sweep_sessions(database.clone()));
    serving.await?;
    sweeping.abort();
    // Writes SQLite's log into its file. A PostgreSQL that hangs is not waited for.
    let _ = timeout(STATEMENT_BUDGET, database.close()).await;
    Ok(())
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
    let mut line = format!("bartizan-server: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line.push('\n');
    // Nobody is left to tell where standard error is closed.
    let _ = io::stderr().write_all(line.as_bytes());
}
