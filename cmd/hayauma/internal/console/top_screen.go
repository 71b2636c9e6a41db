package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// What a terminal is told.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l" // another screen, without a cursor
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	goHome      = "\x1b[H"
	clearLine   = "\x1b[K"
	clearBelow  = "\x1b[J"
	bold        = "\x1b[1m"
	plain       = "\x1b[0m"
)

// key is what somebody wants.
type key uint8

const (
	keyDepth key = iota + 1
	keyAge
	keyQuit
)

const keyHint = "keys: d depth, a age, q quit"

// screen is a terminal that is filled again and again. Keys are read as they come; with no terminal to read from there are none.
type screen struct {
	out    *os.File
	in     *os.File // nil: no keys
	before *term.State
	keys   chan key
	styled bool
	leave  sync.Once
}

func openScreen(t Terminal) (*screen, error) {
	out, ok := t.Out.(*os.File)
	if !ok || !term.IsTerminal(int(out.Fd())) || t.getenv("TERM") == "dumb" {
		return nil, errors.New("the output is no terminal that can be filled: look once with --once, or take --json")
	}
	s := &screen{out: out, keys: make(chan key), styled: t.getenv("NO_COLOR") == ""}
	if in, ok := t.In.(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		before, err := term.MakeRaw(int(in.Fd()))
		if err != nil {
			return nil, fmt.Errorf("the terminal can't be read key by key: %w", err)
		}
		s.in, s.before = in, before
		go s.read() // until the input ends, which is mostly the process's end
	}
	if _, err := io.WriteString(out, enterScreen); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// close gives the terminal back as it was.
func (s *screen) close() {
	s.leave.Do(func() {
		_, _ = io.WriteString(s.out, leaveScreen) // a terminal that has gone needs nothing
		if s.in != nil {
			_ = term.Restore(int(s.in.Fd()), s.before)
		}
	})
}

func (s *screen) read() {
	var b [64]byte
	for {
		n, err := s.in.Read(b[:])
		for _, c := range b[:n] {
			if k := keyOf(c); k != 0 {
				s.keys <- k
			}
		}
		if err != nil {
			return
		}
	}
}

// keyOf is what a byte of the keyboard means. Capitals end the sequences of other keys, so they mean nothing.
func keyOf(c byte) key {
	const interrupt, end = 3, 4 // Ctrl-C and Ctrl-D, which are no signals here
	switch c {
	case 'd':
		return keyDepth
	case 'a':
		return keyAge
	case 'q', interrupt, end:
		return keyQuit
	}
	return 0
}

// show fills the terminal, as large as it is now.
func (s *screen) show(v topView) error {
	columns, lines, err := term.GetSize(int(s.out.Fd()))
	if err != nil || columns <= 0 || lines <= 0 {
		columns, lines = 80, 24
	}
	_, err = s.out.Write(s.frame(v, pageSize{columns: columns, lines: lines}))
	return err
}

// frame is what is written for one look. No line is longer than the terminal and the last one has no end, so nothing scrolls.
func (s *screen) frame(v topView, size pageSize) []byte {
	hint := size.lines > 1
	if hint {
		size.lines--
	}
	rows := bytes.Split(bytes.TrimSuffix(v.page(size), []byte("\n")), []byte("\n"))
	for len(rows) < size.lines {
		rows = append(rows, nil)
	}
	if hint {
		rows = append(rows, []byte(shorten(keyHint, size.columns)))
	}
	var out bytes.Buffer
	out.WriteString(goHome)
	for i, row := range rows {
		if i > 0 {
			out.WriteString("\r\n")
		}
		heading := i > 0 && i < len(rows)-1 && len(rows[i-1]) == 0 && len(row) > 0
		if s.styled && heading {
			out.WriteString(bold + string(row) + plain)
		} else {
			out.Write(row)
		}
		out.WriteString(clearLine)
	}
	out.WriteString(clearBelow)
	return out.Bytes()
}
