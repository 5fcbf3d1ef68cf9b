#![allow(non_upper_case_globals)]
mod planwright;

use planwright::{json, stop, Call, Polls, Stage, Stop, RETRY};
use std::os::raw::{c_char, c_void};
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

struct @CLASS@;

impl Stage for @CLASS@ {
    fn new(_settings: &str) -> Result<Self, Stop> {
        Ok(@CLASS@)
    }
}

const FOLDER: &str = "/var/tmp";

/// The host stores the inputs and the cursor in one transaction and hands the cursor back next time:
/// here the newest time of change.
impl Polls for @CLASS@ {
    fn poll(&mut self, cursor: &str, call: &Call) -> Result<(String, u64), Stop> {
        let since: i64 = cursor.parse().unwrap_or(0);
        let mut newest = since;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs() as i64);
        let entries = match std::fs::read_dir(FOLDER) {
            Ok(entries) => entries,
            Err(error) => return stop(RETRY, format!("cannot look into {}: {}", FOLDER, error)),
        };
        for entry in entries.flatten() {
            let time = match entry.metadata() {
                Ok(info) if info.is_file() => info.mtime(),
                _ => continue,
            };
            if time >= now - 1 {
                continue; // others of its second may follow: the next look
            }
            if time > since {
                let (name, path) = (entry.file_name(), entry.path());
                let (name, path) = (name.to_string_lossy(), path.to_string_lossy());
                call.emit("input", &format!("{{\"name\":{},\"path\":{}}}", json(&name), json(&path)))?;
            }
            newest = newest.max(time);
            call.stop_if_cancelled()?;
        }
        Ok((newest.to_string(), 2000))
    }
}

static LIFE: planwright::Life = planwright::life::<@CLASS@>();
static SOURCE: planwright::Source = planwright::@STAGE@::<@CLASS@>(&LIFE);

extern "C" fn get_interface(id: *const c_char) -> *const c_void {
    planwright::answer(id, "planwright.@STAGE@/1", &SOURCE)
}

#[no_mangle]
pub static planwright_module: planwright::Plugin =
    planwright::plugin(b"@ID@\0", b"0.1.0\0", &MANIFEST, get_interface);

/// The host reads it from the file, without running any code.
#[used]
#[link_section = ".planwright"]
static MANIFEST: [u8; include_bytes!("plugin.json").len()] = *include_bytes!("plugin.json");
