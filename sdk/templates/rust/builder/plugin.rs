#![allow(non_upper_case_globals)]
mod planwright;

use planwright::{stop, Builds, Call, Job, Stage, Stop, REJECT, RETRY};
use std::os::raw::{c_char, c_void};

struct @CLASS@;

impl Stage for @CLASS@ {
    fn new(_settings: &str) -> Result<Self, Stop> {
        Ok(@CLASS@)
    }
}

/// What matches the job's output globs in the work folder afterwards is its result. This one writes
/// its spec (JSON, as the planner wrote it) to out.txt.
impl Builds for @CLASS@ {
    fn build(&mut self, job: &Job, call: &Call) -> Result<(), Stop> {
        if job.spec.bytes().len() <= 2 {
            return stop(REJECT, "the job's spec is empty");
        }
        let path = format!("{}/out.txt", job.workdir.text());
        if let Err(error) = std::fs::write(path, job.spec.bytes()) {
            return stop(RETRY, format!("out.txt could not be written: {}", error));
        }
        call.info("wrote out.txt");
        Ok(())
    }
}

static LIFE: planwright::Life = planwright::life::<@CLASS@>();
static BUILDER: planwright::Builder = planwright::@STAGE@::<@CLASS@>(&LIFE);

extern "C" fn get_interface(id: *const c_char) -> *const c_void {
    planwright::answer(id, "planwright.@STAGE@/1", &BUILDER)
}

#[no_mangle]
pub static planwright_module: planwright::Plugin =
    planwright::plugin(b"@ID@\0", b"0.1.0\0", &MANIFEST, get_interface);

/// The host reads it from the file, without running any code.
#[used]
#[link_section = ".planwright"]
static MANIFEST: [u8; include_bytes!("plugin.json").len()] = *include_bytes!("plugin.json");
