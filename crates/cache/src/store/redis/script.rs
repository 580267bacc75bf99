use bartizan_redis_link::Script;

/// The scripts of the store and of the backplane.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) write: Script,
    pub(super) open: Script,
    pub(super) issue: Script,
    pub(super) mark: Script,
    pub(super) marks: Script,
    pub(super) lock: Script,
    pub(super) unlock: Script,
}

const CONTROL: &str = include_str!("script/control.lua");

impl Scripts {
    pub(super) fn new() -> Self {
        let control = |script: &str| Script::new([CONTROL, script].concat());
        Self {
            write: Script::new(include_str!("script/write.lua")),
            open: control(include_str!("script/open.lua")),
            issue: control(include_str!("script/issue.lua")),
            mark: control(include_str!("script/mark.lua")),
            marks: control(include_str!("script/marks.lua")),
            lock: Script::new(include_str!("script/lock.lua")),
            unlock: Script::new(include_str!("script/unlock.lua")),
        }
    }
}
