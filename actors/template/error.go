package template

import (
	"fmt"
	"strings"
)

// Error is a problem of a template, at a position.
type Error struct {
	Path    string // JSON path of the leaf, as messages[0].text
	Line    int    // line within the leaf from 1; 0 where unknown
	Column  int    // character within the line from 1; 0 where unknown
	Problem string // what is wrong and what to do
}

// Error names the position and the problem.
func (e *Error) Error() string {
	switch {
	case e.Line == 0:
		return fmt.Sprintf("%s: %s", e.Path, e.Problem)
	case e.Column == 0:
		return fmt.Sprintf("%s, line %d: %s", e.Path, e.Line, e.Problem)
	}
	return fmt.Sprintf("%s, line %d, column %d: %s", e.Path, e.Line, e.Column, e.Problem)
}

// MissingError names variables that a template needs and the columns lack.
type MissingError struct{ Names []string }

// Error names the variables.
func (e *MissingError) Error() string {
	return fmt.Sprintf("the template needs %s: add the column to the audience, or give a default with | default: \"…\"",
		strings.Join(e.Names, ", "))
}
