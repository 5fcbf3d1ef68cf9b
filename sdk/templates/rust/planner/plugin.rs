#![allow(non_upper_case_globals)]
mod planwright;

use planwright::{json, stop, Call, Input, Plans, Stage, Stop, REJECT};
use std::os::raw::{c_char, c_void};

struct @CLASS@;

impl Stage for @CLASS@ {
    fn new(_settings: &str) -> Result<Self, Stop> {
        Ok(@CLASS@)
    }
}

/// One job for each line.
impl Plans for @CLASS@ {
    fn plan(&mut self, input: &Input, call: &Call) -> Result<String, Stop> {
        let content = call.content(input)?;
        let text = String::from_utf8_lossy(&content);
        let mut jobs = Vec::new();
        for (i, line) in text.lines().enumerate() {
            if line.is_empty() {
                return stop(REJECT, format!("line {} is empty", i + 1));
            }
            let spec = format!("{{\"command\":[\"echo\",{}]}}", json(&line.replace('\0', "")));
            jobs.push(format!("{{\"id\":\"line-{}\",\"spec\":{}}}", i + 1, spec));
            call.stop_if_cancelled()?;
        }
        call.info(&format!("planned {} lines", jobs.len()));
        Ok(format!("{{\"jobs\":[{}]}}", jobs.join(",")))
    }
}

static LIFE: planwright::Life = planwright::life::<@CLASS@>();
static PLANNER: planwright::Planner = planwright::@STAGE@::<@CLASS@>(&LIFE);

extern "C" fn get_interface(id: *const c_char) -> *const c_void {
    planwright::answer(id, "planwright.@STAGE@/1", &PLANNER)
}

#[no_mangle]
pub static planwright_module: planwright::Plugin =
    planwright::plugin(b"@ID@\0", b"0.1.0\0", &MANIFEST, get_interface);

/// The host reads it from the file, without running any code.
#[used]
#[link_section = ".planwright"]
static MANIFEST: [u8; include_bytes!("plugin.json").len()] = *include_bytes!("plugin.json");
