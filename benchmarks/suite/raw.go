package suite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"hayauma.example/benchmarks/experiment"
)

// Line is one cell in the raw file.
type Line struct {
	Cell
	Host    Host              `json:"host"`
	At      time.Time         `json:"at"`
	Result  experiment.Result `json:"result"`
	Error   string            `json:"error,omitempty"`   // the cell failed; Result holds what was counted
	Skipped string            `json:"skipped,omitempty"` // why the cell was not measured
}

// done reports whether the next run leaves the cell alone. What kept a cell from being measured may be gone by then.
func (l Line) done() bool { return l.Error == "" && l.Skipped == "" }

// HostError reports lines of another machine, Go version, setting or program than this one.
type HostError struct {
	File        string
	There, Here Host
}

func (e *HostError) Error() string {
	return fmt.Sprintf("suite: %s was measured elsewhere, with other settings, or by another build of this program or of the daemon: figures compare only "+
		"inside one run. Name another file, or remove it. There: %+v. Here: %+v",
		e.File, e.There, e.Here)
}

// Raw is the file of finished cells.
type Raw struct {
	file  *os.File
	Lines []Line
}

// OpenRaw reads the file, or makes it, and cuts off a line that has no end. Lines of another host are a HostError.
func OpenRaw(path string, here Host) (*Raw, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	r := &Raw{file: f}
	if err := r.read(); err != nil {
		return nil, closing(f, fmt.Errorf("suite: read %s: %w", path, err))
	}
	for _, l := range r.Lines {
		if l.Host != here {
			return nil, closing(f, &HostError{File: path, There: l.Host, Here: here})
		}
	}
	return r, nil
}

// closing closes a file that nothing was written to.
func closing(f *os.File, err error) error {
	_ = f.Close()
	return err
}

func (r *Raw) read() error {
	text, err := io.ReadAll(r.file)
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	if r.Lines, err = Parse(text[:whole]); err != nil {
		return err
	}
	if err := r.file.Truncate(int64(whole)); err != nil {
		return err
	}
	_, err = r.file.Seek(int64(whole), io.SeekStart)
	return err
}

// Parse reads whole lines.
func Parse(text []byte) ([]Line, error) {
	var lines []Line
	n := 0
	for one := range bytes.Lines(text) {
		n++
		var l Line
		if err := json.Unmarshal(one, &l); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// Append writes one line.
func (r *Raw) Append(l Line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if _, err := r.file.Write(append(text, '\n')); err != nil {
		return err
	}
	r.Lines = append(r.Lines, l)
	return nil
}

// Done returns the cells that need not be measured again.
func (r *Raw) Done() map[Cell]bool {
	done := map[Cell]bool{}
	for _, l := range r.Lines {
		if l.done() {
			done[l.Cell] = true
		}
	}
	return done
}

// said reports whether the file's last line of the cell says that it was not measured for the same reason.
func (r *Raw) said(l Line) bool {
	for _, old := range slices.Backward(r.Lines) {
		if old.Cell == l.Cell {
			return l.Skipped != "" && old.Skipped == l.Skipped
		}
	}
	return false
}

// Close closes the file.
func (r *Raw) Close() error { return r.file.Close() }
