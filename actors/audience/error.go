package audience

import (
	"fmt"
	"strings"
)

// Error is one problem of an audience file.
type Error struct {
	Line    int    // line of the file from 1, after decompression; 0 where it is about the file
	Column  string // column or member, where one is to blame
	Problem string // what is wrong and what to do
	Missing bool   // the template needs Column, and the row or the header lacks it
}

// Error names the line, the column and the problem.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	if e.Column != "" {
		fmt.Fprintf(&b, "column %q: ", e.Column)
	}
	return b.String() + e.Problem
}

// Errors are the problems of one file, in the order of lines.
type Errors struct {
	List []*Error
	More bool // reading stopped at the limit: there may be others
	Cut  bool // the last one is about the file, which can't be read on
}

// Error lists the problems, one a line.
func (e *Errors) Error() string {
	lines := make([]string, 0, len(e.List)+1)
	for _, one := range e.List {
		lines = append(lines, "audience: "+one.Error())
	}
	if e.More {
		lines = append(lines, "audience: there may be more, reading stopped here")
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the single problems to errors.As.
func (e *Errors) Unwrap() []error {
	list := make([]error, 0, len(e.List))
	for _, one := range e.List {
		list = append(list, one)
	}
	return list
}
