package template

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// builtin names read as fixed values; keyword names are part of the language.
var (
	builtin = map[string]bool{"now": true, "today": true, "empty": true, "blank": true, "null": true}
	keyword = map[string]bool{"true": true, "false": true, "nil": true, "and": true, "or": true, "contains": true, "in": true}
)

// name is one occurrence of a variable.
type name struct {
	text     string
	optional bool // the default filter follows it directly
}

// found is what one expression reads and applies.
type found struct {
	names    []name
	filters  int
	assigned string // the name on the left of an assignment
}

// scanExpression lists the names and filters of an expression; problem is "" when all are allowed.
// It leaves grammar to Liquid and refuses what Liquid would accept but we don't: unknown filters, ranges, statement selectors.
func scanExpression(source string, assignment bool) (f found, problem string) {
	if strings.TrimSpace(source) == "" {
		return f, "the placeholder is empty: name a variable"
	}
	s := &scanner{rest: source}
	if assignment {
		f.assigned = s.next().text
		if !isName(f.assigned) {
			return f, "assign needs a name, then = and a value"
		}
	}
	for prev := (lexeme{}); ; {
		lex := s.next()
		switch {
		case lex.kind == lexEnd:
			return f, ""
		case lex.kind == lexBad:
			return f, fmt.Sprintf("%s is not allowed here", lex.text)
		case lex.kind == lexName && prev.text == "|":
			f.filters++
			if !allowedFilter(lex.text) {
				return f, fmt.Sprintf("filter %s is not supported: there are %s", clip(lex.text), filterNames)
			}
			if n := len(f.names); lex.text == "default" && n > 0 && prev.after == n {
				f.names[n-1].optional = true
			}
		case lex.kind == lexName && s.peek() == ':', lex.kind == lexName && keyword[lex.text]:
		case lex.kind == lexName:
			f.names = append(f.names, name{text: lex.text})
			lex.after = len(f.names)
		case lex.text == "|":
			lex.after = prev.after
		}
		prev = lex
	}
}

// lexeme kinds.
const (
	lexOther    = iota
	lexEnd      // nothing is left
	lexBad      // refused
	lexName     // a variable, filter, keyword or argument name
	lexProperty // .name
)

// lexeme is one word of an expression. after is the count of names when it ends a plain variable, else 0.
type lexeme struct {
	kind  int
	text  string
	after int
}

type scanner struct{ rest string }

func (s *scanner) peek() byte {
	if s.rest == "" {
		return 0
	}
	return s.rest[0]
}

func (s *scanner) next() lexeme {
	s.rest = strings.TrimLeft(s.rest, " \t\r\n\v\f")
	if s.rest == "" {
		return lexeme{kind: lexEnd}
	}
	switch c := s.rest[0]; {
	case c == '"' || c == '\'':
		return s.quoted(c)
	case strings.HasPrefix(s.rest, ".."):
		return lexeme{kind: lexBad, text: "a range"}
	case c == '%' || c == '{' || c == ';':
		return lexeme{kind: lexBad, text: string(c)}
	case c == '.':
		n := nameLength(s.rest[1:])
		return s.take(1+n, lexProperty)
	case c >= '0' && c <= '9':
		return s.take(len(s.rest)-len(strings.TrimLeft(s.rest, "0123456789")), lexOther)
	}
	if n := nameLength(s.rest); n > 0 {
		return s.take(n, lexName)
	}
	_, n := utf8.DecodeRuneInString(s.rest)
	return s.take(n, lexOther)
}

func (s *scanner) take(n, kind int) lexeme {
	text := s.rest[:n]
	s.rest = s.rest[n:]
	return lexeme{kind: kind, text: text}
}

// quoted skips a string; double quotes know backslashes, single ones don't, as in Liquid's own scanner.
func (s *scanner) quoted(quote byte) lexeme {
	for i := 1; i < len(s.rest); i++ {
		switch {
		case s.rest[i] == '\\' && quote == '"':
			i++
		case s.rest[i] == quote:
			return s.take(i+1, lexOther)
		}
	}
	return lexeme{kind: lexBad, text: "a quote without its end"}
}

// nameLength is the length of the identifier at the start of s, 0 when there is none.
func nameLength(s string) int {
	for i, c := range s {
		switch {
		case unicode.IsLetter(c) || c == '_':
		case i > 0 && (unicode.IsDigit(c) || unicode.IsMark(c) || c == '-'):
		case i > 0 && c == '?':
			return i + 1
		default:
			return i
		}
	}
	return len(s)
}

func isName(s string) bool { return s != "" && nameLength(s) == len(s) }

// variables keeps names in order of appearance; a name is optional while all its occurrences are.
type variables struct {
	order []string
	need  map[string]bool
}

func (v *variables) add(n name) {
	if v.need == nil {
		v.need = map[string]bool{}
	}
	if _, known := v.need[n.text]; !known {
		v.order = append(v.order, n.text)
	}
	v.need[n.text] = v.need[n.text] || !n.optional
}

func (v *variables) names() []string    { return v.order }
func (v *variables) needs() []string    { return v.filter(true) }
func (v *variables) optional() []string { return v.filter(false) }

func (v *variables) filter(need bool) (out []string) {
	for _, n := range v.order {
		if v.need[n] == need {
			out = append(out, n)
		}
	}
	return out
}
