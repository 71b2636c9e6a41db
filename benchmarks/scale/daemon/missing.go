package daemon

import (
	"os/exec"
	"runtime"
)

// Missing says why this machine can't run the daemon's cells; "" when it can.
func Missing() string {
	if runtime.GOOS != "linux" {
		return "memory and processor time of a process are read from /proc, which " + runtime.GOOS + " doesn't have"
	}
	if _, err := exec.LookPath("go"); err != nil {
		return "there is no go command to build hayauma with"
	}
	return ""
}
