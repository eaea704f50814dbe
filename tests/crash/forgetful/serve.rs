//! The kernel's requests to a [`Forgetful`](super::Forgetful) disk, one by one. What is not here the kernel does by itself
//! (locks), or it is not to be had on this disk (links).

use std::ffi::OsStr;
use std::time::{Duration, SystemTime};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory,
    ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::{Inode, Platter, Shared};

/// Everything that changes comes through this mount, so the kernel may keep what it knows.
const TTL: Duration = Duration::from_secs(3600);
const BLOCK_BYTES: u32 = 4096;
const FREE_BLOCKS: u64 = 1 << 20;
const NAME_BYTES_MAX: u32 = 255;
const PERMISSIONS: u32 = 0o7777;
/// The bits of a mode that tell a socket (stat.h).
const SOCKET: u32 = 0o140_000;
const KIND: u32 = 0o170_000;

impl Platter {
    fn attributes(&self, number: u64) -> Option<FileAttr> {
        let inode = self.inodes.get(&number)?;
        let size = inode.bytes.len().try_into().unwrap_or(u64::MAX);
        Some(FileAttr {
            ino: INodeNo(number),
            size,
            blocks: size.div_ceil(512),
            atime: inode.touched,
            mtime: inode.touched,
            ctime: inode.touched,
            crtime: inode.touched,
            kind: inode.kind,
            perm: inode.mode,
            nlink: 1,
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
            rdev: 0,
            blksize: BLOCK_BYTES,
            flags: 0,
        })
    }

    fn make(
        &mut self,
        parent: INodeNo,
        name: &OsStr,
        kind: FileType,
        mode: u32,
    ) -> Result<FileAttr, Errno> {
        self.alive()?;
        if self.find(parent.0, name).is_some() {
            return Err(Errno::EEXIST);
        }
        let mode = u16::try_from(mode & PERMISSIONS).map_err(|_| Errno::EINVAL)?;
        let number = self.add(parent.0, name, Inode::new(kind, mode));
        self.attributes(number).ok_or(Errno::EIO)
    }

    fn remove(&mut self, parent: INodeNo, name: &OsStr) -> Result<(), Errno> {
        self.alive()?;
        let number = self.find(parent.0, name).ok_or(Errno::ENOENT)?;
        if self
            .inodes
            .get(&number)
            .is_some_and(|inode| !inode.names.is_empty())
        {
            return Err(Errno::ENOTEMPTY);
        }
        // The inode stays: its name may still be on the disk, and somebody may have it open.
        let folder = self.inodes.get_mut(&parent.0).ok_or(Errno::ENOENT)?;
        folder.names.remove(name);
        Ok(())
    }

    fn rename(
        &mut self,
        from: (INodeNo, &OsStr),
        to: (INodeNo, &OsStr),
        flags: RenameFlags,
    ) -> Result<(), Errno> {
        self.alive()?;
        if flags.contains(RenameFlags::RENAME_EXCHANGE) {
            return Err(Errno::EINVAL);
        }
        let number = self.find(from.0.0, from.1).ok_or(Errno::ENOENT)?;
        if let Some(there) = self.find(to.0.0, to.1) {
            if flags.contains(RenameFlags::RENAME_NOREPLACE) {
                return Err(Errno::EEXIST);
            }
            if self
                .inodes
                .get(&there)
                .is_some_and(|inode| !inode.names.is_empty())
            {
                return Err(Errno::ENOTEMPTY);
            }
        }
        let source = self.inodes.get_mut(&from.0.0).ok_or(Errno::ENOENT)?;
        source.names.remove(from.1);
        let target = self.inodes.get_mut(&to.0.0).ok_or(Errno::ENOENT)?;
        target.names.insert(to.1.to_owned(), number);
        Ok(())
    }

    fn alive(&self) -> Result<(), Errno> {
        if self.dead { Err(Errno::EIO) } else { Ok(()) }
    }

    fn file(&mut self, number: INodeNo) -> Result<&mut Inode, Errno> {
        self.inodes.get_mut(&number.0).ok_or(Errno::ENOENT)
    }

    fn write(&mut self, number: INodeNo, offset: u64, data: &[u8]) -> Result<u32, Errno> {
        self.alive()?;
        let inode = self.file(number)?;
        let start = usize::try_from(offset).map_err(|_| Errno::EINVAL)?;
        let end = start + data.len();
        if inode.bytes.len() < end {
            inode.bytes.resize(end, 0);
        }
        inode.bytes[start..end].copy_from_slice(data);
        inode.touched = SystemTime::now();
        u32::try_from(data.len()).map_err(|_| Errno::EINVAL)
    }
}

fn empty(reply: ReplyEmpty, result: Result<(), Errno>) {
    match result {
        Ok(()) => reply.ok(),
        Err(errno) => reply.error(errno),
    }
}

fn entry(reply: ReplyEntry, result: Result<FileAttr, Errno>) {
    match result {
        Ok(attributes) => reply.entry(&TTL, &attributes, Generation(0)),
        Err(errno) => reply.error(errno),
    }
}

impl Filesystem for Shared {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let platter = self.lock();
        let found = platter
            .find(parent.0, name)
            .and_then(|number| platter.attributes(number));
        entry(reply, found.ok_or(Errno::ENOENT));
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.lock().attributes(number.0) {
            Some(attributes) => reply.attr(&TTL, &attributes),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _handle: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut platter = self.lock();
        let alive = platter.alive();
        let set = alive.and_then(|()| platter.file(number)).and_then(|inode| {
            if let Some(mode) = mode {
                inode.mode = u16::try_from(mode & PERMISSIONS).map_err(|_| Errno::EINVAL)?;
            }
            if let Some(size) = size {
                let size = usize::try_from(size).map_err(|_| Errno::EINVAL)?;
                inode.bytes.resize(size, 0);
                inode.touched = SystemTime::now();
            }
            Ok(())
        });
        match set.and_then(|()| platter.attributes(number.0).ok_or(Errno::ENOENT)) {
            Ok(attributes) => reply.attr(&TTL, &attributes),
            Err(errno) => reply.error(errno),
        }
    }

    fn mknod(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _rdev: u32,
        reply: ReplyEntry,
    ) {
        let kind = if mode & KIND == SOCKET {
            FileType::Socket
        } else {
            FileType::RegularFile
        };
        entry(reply, self.lock().make(parent, name, kind, mode & !umask));
    }

    fn mkdir(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        reply: ReplyEntry,
    ) {
        let kind = FileType::Directory;
        entry(reply, self.lock().make(parent, name, kind, mode & !umask));
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(reply, self.lock().remove(parent, name));
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(reply, self.lock().remove(parent, name));
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let renamed = self
            .lock()
            .rename((parent, name), (new_parent, new_name), flags);
        empty(reply, renamed);
    }

    fn open(&self, _: &Request, number: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.lock().file(number) {
            // The cache is what makes mappings possible, and SQLite maps its `-shm` file.
            Ok(_) => reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE),
            Err(errno) => reply.error(errno),
        }
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let kind = FileType::RegularFile;
        match self.lock().make(parent, name, kind, mode & !umask) {
            Ok(attributes) => reply.created(
                &TTL,
                &attributes,
                Generation(0),
                FileHandle(0),
                FopenFlags::FOPEN_KEEP_CACHE,
            ),
            Err(errno) => reply.error(errno),
        }
    }

    fn read(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let mut platter = self.lock();
        match platter.file(number) {
            Ok(inode) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let rest = inode.bytes.get(start..).unwrap_or_default();
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                reply.data(&rest[..rest.len().min(size)]);
            }
            Err(errno) => reply.error(errno),
        }
    }

    fn write(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.lock().write(number, offset, data) {
            Ok(written) => reply.written(written),
            Err(errno) => reply.error(errno),
        }
    }

    fn fsync(&self, _: &Request, number: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let mut platter = self.lock();
        let synced = platter.alive().and_then(|()| {
            if platter.sync(number.0) {
                Ok(())
            } else {
                Err(Errno::EIO)
            }
        });
        empty(reply, synced);
    }

    fn fsyncdir(
        &self,
        request: &Request,
        number: INodeNo,
        handle: FileHandle,
        data: bool,
        reply: ReplyEmpty,
    ) {
        self.fsync(request, number, handle, data, reply);
    }

    fn readdir(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let platter = self.lock();
        let Some(folder) = platter.inodes.get(&number.0) else {
            return reply.error(Errno::ENOENT);
        };
        let itself = [".", ".."].map(|name| (OsStr::new(name), number.0));
        let names = folder
            .names
            .iter()
            .map(|(name, at)| (name.as_os_str(), *at));
        let rest = (1..).zip(itself.into_iter().chain(names));
        for (next, (name, at)) in rest.skip(usize::try_from(offset).unwrap_or(usize::MAX)) {
            let kind = platter
                .inodes
                .get(&at)
                .map_or(FileType::RegularFile, |inode| inode.kind);
            if reply.add(INodeNo(at), next, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(
            FREE_BLOCKS,
            FREE_BLOCKS,
            FREE_BLOCKS,
            FREE_BLOCKS,
            FREE_BLOCKS,
            BLOCK_BYTES,
            NAME_BYTES_MAX,
            BLOCK_BYTES,
        );
    }
}
