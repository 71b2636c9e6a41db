package natsnode

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// InUseError: another process, or another Node of this one, holds the data directory.
type InUseError struct {
	Dir string
	PID int // 0 if unknown
}

// Error implements error.
func (e *InUseError) Error() string {
	holder := "another process"
	if e.PID > 0 {
		holder = "process " + strconv.Itoa(e.PID)
	}
	return fmt.Sprintf("natsnode: data directory %s is in use by %s: stop that one or choose another --data", e.Dir, holder)
}

const lockName = "hayauma.lock"

// dirLock is the descriptor of a locked file. It is no os.File: the garbage collector closes those, and a Node that nobody refers
// to any more still has a server running.
type dirLock int

// lock takes the directory for this process. The kernel lets go when the file is closed, however the process ends.
func lock(dir string) (dirLock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("natsnode: the data directory can't be made: %w: choose another, or mend its parent", err)
	}
	name := filepath.Join(dir, lockName)
	fd, err := syscall.Open(name, syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return 0, fmt.Errorf("natsnode: open the lock file %s: %w", name, err)
	}
	l := dirLock(fd)
	if err := l.take(); err != nil {
		_ = l.release() // the first error counts
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return 0, &InUseError{Dir: dir, PID: holder(name)}
		}
		return 0, fmt.Errorf("natsnode: the data directory can't be locked by %s: %w: it must be writable and have free space", name, err)
	}
	return l, nil
}

// take locks the file and writes the process id into it, for whoever comes next.
func (l dirLock) take() error {
	for {
		err := syscall.Flock(int(l), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
	if err := syscall.Ftruncate(int(l), 0); err != nil {
		return err
	}
	_, err := syscall.Pwrite(int(l), []byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// noLock holds nothing.
const noLock dirLock = -1

func (l dirLock) release() error {
	if l == noLock {
		return nil
	}
	return syscall.Close(int(l))
}

func holder(name string) int {
	data, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0
	}
	return pid
}
