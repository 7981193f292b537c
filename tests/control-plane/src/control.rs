//! Stopping, killing and starting single programs, for tests of what then happens. Ports and data
//! stay. Never touches a program that this plane did not start.

use std::path::Path;
use std::time::Duration;

use crate::access::Access;
use crate::components::Tool;
use crate::error::Error;
use crate::plane::ControlPlane;
use crate::process::Program;
use crate::wait::{PATIENCE, until_running};

/// How long a program may take to end on SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(30);

/// One program of a plane; see [`ControlPlane::api_server`] and its siblings.
#[derive(Debug, Clone, Copy)]
pub struct ProgramControl<'a> {
    pub(crate) plane: &'a ControlPlane,
    pub(crate) tool: Tool,
}

impl<'a> ProgramControl<'a> {
    /// Kills it with SIGKILL and waits until it is gone.
    ///
    /// # Errors
    /// [`Error::NotRun`] when this plane does not run it.
    pub async fn kill(&self) -> Result<(), Error> {
        self.program()?.kill();
        Ok(())
    }

    /// Ends it with SIGTERM, after 30 s with SIGKILL, and waits until it is gone.
    ///
    /// # Errors
    /// [`Error::NotRun`] when this plane does not run it.
    pub async fn stop(&self) -> Result<(), Error> {
        let program = self.program()?;
        program.signal("TERM");
        let begin = std::time::Instant::now();
        while program.pid().is_some() && begin.elapsed() < GRACE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        program.kill();
        Ok(())
    }

    /// Freezes it (SIGSTOP): its connections stay open and nobody answers.
    ///
    /// # Errors
    /// [`Error::NotRun`] when this plane does not run it.
    pub fn freeze(&self) -> Result<(), Error> {
        self.program()?.signal("STOP");
        Ok(())
    }

    /// Lets it go on (SIGCONT) after [`ProgramControl::freeze`].
    ///
    /// # Errors
    /// [`Error::NotRun`] when this plane does not run it.
    pub fn thaw(&self) -> Result<(), Error> {
        self.program()?.signal("CONT");
        Ok(())
    }

    /// Starts it again unless it runs, on the same port and data. Waits until etcd accepts
    /// connections, or the API server is ready; the other programs are not waited for.
    ///
    /// # Errors
    /// [`Error::NotRun`] when this plane does not run it; [`Error::Exited`] or
    /// [`Error::Timeout`] when it does not come up.
    pub async fn start(&self) -> Result<(), Error> {
        let program = self.program()?;
        program.start()?;
        match self.tool {
            Tool::Etcd => {
                let port = self.plane.parts().etcd_port.unwrap_or_default();
                wait_for_port(program, port, PATIENCE).await
            }
            Tool::ApiServer => wait_for_api_server(&self.plane.admin()?, &[program], PATIENCE).await,
            _ => Ok(()),
        }
    }

    /// [`ProgramControl::stop`], then [`ProgramControl::start`].
    ///
    /// # Errors
    /// As of both.
    pub async fn restart(&self) -> Result<(), Error> {
        self.stop().await?;
        self.start().await
    }

    /// Its process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.program().ok()?.pid()
    }

    /// Its log, of all its runs.
    ///
    /// # Errors
    /// [`Error::NotRun`] when this plane does not run it.
    pub fn log_path(&self) -> Result<&'a Path, Error> {
        Ok(self.program()?.log())
    }

    fn program(&self) -> Result<&'a Program, Error> {
        self.plane.program(self.tool)
    }
}

/// Until something accepts connections on a port of loopback.
pub(crate) async fn wait_for_port(program: &Program, port: u16, limit: Duration) -> Result<(), Error> {
    let what = format!("{} to accept connections", program.name());
    until_running(&what, limit, &[program], || async {
        let address = (std::net::Ipv4Addr::LOCALHOST, port);
        let stream = tokio::net::TcpStream::connect(address).await;
        stream.map(drop).map_err(|error| error.to_string())
    })
    .await
}

/// Until the API server says that it is ready, with everything it starts behind it.
pub(crate) async fn wait_for_api_server(admin: &Access, programs: &[&Program], limit: Duration) -> Result<(), Error> {
    let client = admin.client()?;
    until_running("the API server to be ready", limit, programs, || async {
        let request = http::Request::get("/readyz?verbose").body(Vec::new()).map_err(|error| error.to_string())?;
        client.request_text(request).await.map(drop).map_err(|error| error.to_string())
    })
    .await
}
