//! The C interface of planwright/plugin.h, as far as a stage in Rust uses it, and a safe layer over
//! it: no panic leaves the plugin. No crate is needed.
#![allow(dead_code)]
use std::borrow::Cow;
use std::ffi::CStr;
use std::fs::File;
use std::io::Read;
use std::mem::size_of;
use std::os::raw::{c_char, c_void};
use std::os::unix::io::FromRawFd;
use std::panic::{catch_unwind, AssertUnwindSafe};

pub const RETRY: i32 = 1;
pub const REJECT: i32 = 2;
pub const FAIL: i32 = 3;
pub const CANCELLED: i32 = 4;
pub const CONFIG: i32 = 5;
const BUG: i32 = 7;

/// The end of a call other than success: a status and a sentence for people.
pub struct Stop {
    pub why: i32,
    pub message: String,
}
pub fn stop<T>(why: i32, message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop { why, message: message.into() })
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str {
    ptr: *const u8,
    len: usize,
}
impl Str {
    fn of(text: &str) -> Str {
        Str { ptr: text.as_ptr(), len: text.len() }
    }
    pub fn bytes(&self) -> &[u8] {
        if self.len == 0 {
            return &[];
        }
        unsafe { std::slice::from_raw_parts(self.ptr, self.len) }
    }
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes())
    }
}

type Opaque = *mut c_void;

#[repr(C)]
pub struct Host {
    size: u32,
    major: u32,
    minor: u32,
    reserved: u32,
    name: Str,
    version: Str,
    ctx: Opaque,
    get_interface: extern "C" fn(Opaque, *const c_char) -> *const c_void,
    log: extern "C" fn(Opaque, Opaque, i32, Str, Str),
    metric: extern "C" fn(Opaque, Opaque, i32, Str, f64, Str),
    event: extern "C" fn(Opaque, Opaque, Str, Str),
    progress: extern "C" fn(Opaque, Opaque, u64, u64, Str) -> i32,
    cancelled: extern "C" fn(Opaque, Opaque) -> i32,
    emit: extern "C" fn(Opaque, Opaque, Str, Str) -> i32,
    fail: extern "C" fn(Opaque, Opaque, i32, Str, Str, u64),
    blob_get: extern "C" fn(Opaque, Opaque, Str) -> i32,
}

#[repr(C)]
pub struct Input {
    size: u32,
    pub attempt: u32,
    pub id: Str,
    pub name: Str,
    pub digest: Str,
    pub media_type: Str,
    pub attributes: Str,
    bytes: u64,
    inline_data: Str,
    traceparent: Str, // since 1.1
}

impl Input {
    /// The W3C Trace Context of this attempt; empty without one, and on a host older than 1.1.
    pub fn traceparent(&self) -> &[u8] {
        if self.size as usize >= size_of::<Input>() { self.traceparent.bytes() } else { b"" }
    }
}

#[repr(C)]
pub struct Job {
    size: u32,
    pub attempt: u32,
    pub id: Str,
    pub plan_id: Str,
    pub plan_digest: Str,
    pub spec: Str,
    pub token: Str,
    pub workdir: Str,
    pub inputs: Str,
    traceparent: Str, // since 1.1
}

impl Job {
    /// As of `Input`; programs that the call runs have it as TRACEPARENT.
    pub fn traceparent(&self) -> &[u8] {
        if self.size as usize >= size_of::<Job>() { self.traceparent.bytes() } else { b"" }
    }
}

/// What the host offers to one piece of work in flight.
pub struct Call {
    host: *const Host,
    call: Opaque,
}
impl Call {
    fn host(&self) -> &Host {
        unsafe { &*self.host }
    }
    pub fn info(&self, message: &str) {
        (self.host().log)(self.host().ctx, self.call, 2, Str::of(message), Str::of(""))
    }
    /// For long loops: leaves the stage when the host wants the call to stop.
    pub fn stop_if_cancelled(&self) -> Result<(), Stop> {
        match (self.host().cancelled)(self.host().ctx, self.call) {
            0 => Ok(()),
            _ => stop(CANCELLED, "stopped by the host"),
        }
    }
    pub fn emit(&self, kind: &str, json: &str) -> Result<(), Stop> {
        match (self.host().emit)(self.host().ctx, self.call, Str::of(kind), Str::of(json)) {
            0 => Ok(()),
            why => stop(why, "the host refused the result"),
        }
    }
    /// The content of an input: inline when it is small, else the bytes of a blob.
    pub fn content(&self, input: &Input) -> Result<Vec<u8>, Stop> {
        if input.bytes == 0 || !input.inline_data.bytes().is_empty() {
            return Ok(input.inline_data.bytes().to_vec());
        }
        let fd = (self.host().blob_get)(self.host().ctx, self.call, input.digest);
        if fd < 0 {
            return stop(-fd, "the input is not available");
        }
        let mut bytes = Vec::new();
        match unsafe { File::from_raw_fd(fd) }.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => stop(RETRY, error.to_string()),
        }
    }
}

/// A text as JSON, with its quotes.
pub fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c)
            }
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out + "\""
}

/// One instance for each slot of a queue; `settings` are JSON that keeps the schema in plugin.json.
pub trait Stage: Sized {
    fn new(settings: &str) -> Result<Self, Stop>;
}
pub trait Plans: Stage {
    /// Gives the plan document.
    fn plan(&mut self, input: &Input, call: &Call) -> Result<String, Stop>;
}
pub trait Builds: Stage {
    fn build(&mut self, job: &Job, call: &Call) -> Result<(), Stop>;
}
pub trait Polls: Stage {
    /// Emits inputs, and gives the new cursor and the milliseconds to the next look.
    fn poll(&mut self, cursor: &str, call: &Call) -> Result<(String, u64), Stop>;
}

struct Instance<T> {
    host: *const Host,
    user: T,
}

/// Runs `body` for the C side: what goes wrong in it becomes one fail() and a status.
fn guard(host: *const Host, call: Opaque, body: impl FnOnce() -> Result<(), Stop>) -> i32 {
    let end = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return 0,
        Ok(Err(end)) => end,
        Err(_) => Stop { why: BUG, message: "panic in the plugin".into() },
    };
    let h = unsafe { &*host };
    (h.fail)(h.ctx, call, end.why, Str::of(&end.message), Str::of(""), 0);
    end.why
}
fn work<T>(this: Opaque, call: Opaque, body: impl FnOnce(&mut T, &Call) -> Result<(), Stop>) -> i32 {
    let instance = unsafe { &mut *(this as *mut Instance<T>) };
    let host = instance.host;
    guard(host, call, || body(&mut instance.user, &Call { host, call }))
}

extern "C" fn create<T: Stage>(
    host: *const Host, call: Opaque, _queue: Str, settings: Str, out: *mut Opaque,
) -> i32 {
    guard(host, call, || {
        let made = Box::new(Instance { host, user: T::new(&settings.text())? });
        unsafe { *out = Box::into_raw(made) as Opaque };
        Ok(())
    })
}
extern "C" fn start(_this: Opaque, _call: Opaque) -> i32 {
    0
}
extern "C" fn drain(_this: Opaque) {}
extern "C" fn end(_this: Opaque, _call: Opaque) {}
extern "C" fn destroy<T>(this: Opaque) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(unsafe { Box::from_raw(this as *mut Instance<T>) })));
}
extern "C" fn plan<T: Plans>(this: Opaque, call: Opaque, input: *const Input) -> i32 {
    work::<T>(this, call, |user, c| {
        let document = user.plan(unsafe { &*input }, c)?;
        c.emit("plan", &document)
    })
}
extern "C" fn build<T: Builds>(this: Opaque, call: Opaque, job: *const Job) -> i32 {
    work::<T>(this, call, |user, c| user.build(unsafe { &*job }, c))
}
extern "C" fn poll<T: Polls>(this: Opaque, call: Opaque, cursor: Str, next: *mut u64) -> i32 {
    work::<T>(this, call, |user, c| {
        let (cursor, millis) = user.poll(&cursor.text(), c)?;
        unsafe { *next = millis };
        c.emit("cursor", &cursor)
    })
}

#[repr(C)]
pub struct Life {
    size: u32,
    reserved: u32,
    create: extern "C" fn(*const Host, Opaque, Str, Str, *mut Opaque) -> i32,
    start: extern "C" fn(Opaque, Opaque) -> i32,
    drain: extern "C" fn(Opaque),
    stop: extern "C" fn(Opaque, Opaque),
    destroy: extern "C" fn(Opaque),
    interrupt: *const c_void,
}
unsafe impl Sync for Life {}
pub const fn life<T: Stage>() -> Life {
    Life {
        size: size_of::<Life>() as u32,
        reserved: 0,
        create: create::<T>,
        start,
        drain,
        stop: end,
        destroy: destroy::<T>,
        interrupt: std::ptr::null(),
    }
}

/// The table of a planner, builder or source: `F` is the type of its one function.
#[repr(C)]
pub struct Table<F> {
    size: u32,
    reserved: u32,
    life: &'static Life,
    work: F,
    fd: *const c_void, // of a source; none
}
unsafe impl<F> Sync for Table<F> {}
const fn table<F: Copy>(life: &'static Life, work: F) -> Table<F> {
    Table { size: size_of::<Table<F>>() as u32, reserved: 0, life, work, fd: std::ptr::null() }
}
pub type Planner = Table<extern "C" fn(Opaque, Opaque, *const Input) -> i32>;
pub type Builder = Table<extern "C" fn(Opaque, Opaque, *const Job) -> i32>;
pub type Source = Table<extern "C" fn(Opaque, Opaque, Str, *mut u64) -> i32>;
pub const fn planner<T: Plans>(life: &'static Life) -> Planner {
    table(life, plan::<T>)
}
pub const fn builder<T: Builds>(life: &'static Life) -> Builder {
    table(life, build::<T>)
}
pub const fn source<T: Polls>(life: &'static Life) -> Source {
    table(life, poll::<T>)
}

#[repr(C)]
pub struct Module {
    magic: u32,
    size: u32,
    major: u32,
    minor: u32,
    id: *const c_char,
    version: *const c_char,
    open: *const c_void,
    get_interface: extern "C" fn(*const c_char) -> *const c_void,
    close: *const c_void,
}
unsafe impl Sync for Module {}
/// What the plugin exports: its module, and behind it the way to the manifest. Linkers leave out a
/// section that nothing refers to; `#[used]` did not keep it in Rust 1.63.
#[repr(C)]
pub struct Plugin {
    module: Module,
    manifest: &'static [u8],
}
/// `id` and `version` are those of plugin.json, each with a NUL at its end.
pub const fn plugin(
    id: &'static [u8], version: &'static [u8], manifest: &'static [u8],
    get_interface: extern "C" fn(*const c_char) -> *const c_void,
) -> Plugin {
    let module = Module {
        magic: 0x314D5750,
        size: size_of::<Module>() as u32,
        major: 1,
        minor: 1,
        id: id.as_ptr() as *const c_char,
        version: version.as_ptr() as *const c_char,
        open: std::ptr::null(),
        get_interface,
        close: std::ptr::null(),
    };
    Plugin { module, manifest }
}
/// The table if the host asks for this interface.
pub fn answer<F>(asked: *const c_char, id: &str, table: &'static Table<F>) -> *const c_void {
    match unsafe { CStr::from_ptr(asked) }.to_bytes() == id.as_bytes() {
        true => table as *const Table<F> as *const c_void,
        false => std::ptr::null(),
    }
}
