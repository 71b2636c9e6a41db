package e2e

import (
	"os/exec"
	"syscall"
)

// orphaned: a process dies with the test binary, also where that is killed itself.
func orphaned(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
