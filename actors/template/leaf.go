package template

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/osteele/liquid/expressions"
	"github.com/osteele/liquid/parser"
)

// leaf is one string of the tree: plain segments, or source for Liquid when plain is nil.
type leaf struct {
	plain  []segment
	source string
	reads  []string // columns that Liquid is given
}

// segment is literal text, or a variable when its name is set.
type segment struct{ literal, variable string }

// tags that a leaf may use, with the selector under which Liquid parses their arguments.
var tags = map[string]string{
	"assign": expressions.AssignStatementSelector, "when": expressions.WhenStatementSelector,
	"if": "", "elsif": "", "unless": "", "case": "",
	"else": "-", "endif": "-", "endunless": "-", "endcase": "-", "comment": "-", "endcomment": "-", "raw": "-", "endraw": "-",
}

const (
	maxBlocks = 20       // nesting of if, unless and case in one leaf
	maxLeaf   = 64 << 10 // bytes of a leaf with placeholders
)

// leafReader checks one leaf token by token, by the same scanner that Liquid uses.
type leafReader struct {
	path    string
	text    string
	opts    Options
	all     *variables
	own     variables // of this leaf
	local   map[string]bool
	offset  int    // of the current token in text
	verbose string // "raw" or "comment" while inside one
	steps   int    // tags and filters so far
	blocks  int    // open blocks
}

func parseLeaf(path, text string, opts Options, all *variables) (*leaf, error) {
	if !strings.Contains(text, opts.Delimiters[0]) && !strings.Contains(text, opts.Delimiters[2]) {
		return &leaf{plain: []segment{{literal: text}}}, nil
	}
	r := &leafReader{path: path, text: text, opts: opts, all: all, local: map[string]bool{}}
	if len(text) > maxLeaf {
		return nil, &Error{Path: path, Problem: fmt.Sprintf("a text with placeholders is larger than %d bytes: shorten it", maxLeaf)}
	}
	if err := r.checkDelimited(); err != nil {
		return nil, err
	}
	tokens := parser.Scan(text, parser.SourceLoc{LineNo: 1}, opts.Delimiters[:])
	for _, tok := range tokens {
		if err := r.token(tok); err != nil {
			return nil, err
		}
		r.offset += len(tok.Source)
	}
	if plain := plainSegments(tokens); plain != nil {
		return &leaf{plain: plain}, nil
	}
	if _, err := newEngine(opts, frozen{}).ParseTemplateLocation([]byte(text), "", 1); err != nil {
		return nil, &Error{Path: path, Line: err.LineNumber(), Problem: liquidProblem(err)}
	}
	return &leaf{source: text, reads: r.own.names()}, nil
}

func (r *leafReader) token(tok parser.Token) error {
	switch {
	case r.verbose != "":
		if tok.Type == parser.TagTokenType && tok.Name == "end"+r.verbose {
			r.verbose = ""
		}
		return nil
	case tok.Type == parser.TextTokenType:
		return r.literal(tok.Source)
	case tok.Type == parser.ObjTokenType:
		return r.expression(tok.Args, "")
	case tok.Type == parser.TagTokenType:
		return r.tag(tok)
	}
	return nil
}

// literal finds a delimiter that the scanner could not pair.
func (r *leafReader) literal(text string) error {
	for _, d := range []string{r.opts.Delimiters[0], r.opts.Delimiters[2]} {
		if i := strings.Index(text, d); i >= 0 {
			r.offset += i
			return r.fail("%s does not begin a placeholder here: write it as %s \"%s\" %s", d, r.opts.Delimiters[0], d, r.opts.Delimiters[1])
		}
	}
	return nil
}

func (r *leafReader) tag(tok parser.Token) error {
	selector, known := tags[tok.Name]
	if !known {
		return r.fail("tag %s is not supported: use assign, case, comment, if, raw or unless", tok.Name)
	}
	r.steps++
	switch tok.Name {
	case "comment", "raw":
		r.verbose = tok.Name
	case "if", "unless", "case":
		r.blocks++
	case "endif", "endunless", "endcase":
		r.blocks--
	}
	switch {
	case r.steps > r.opts.MaxFilters:
		return r.fail("more than %d tags and filters in one text", r.opts.MaxFilters)
	case r.blocks > maxBlocks:
		return r.fail("blocks are nested deeper than %d", maxBlocks)
	case selector == "-":
		return nil
	}
	return r.expression(tok.Args, selector)
}

// expression checks what an object or tag evaluates and notes the names that it reads.
func (r *leafReader) expression(source, selector string) error {
	found, problem := scanExpression(source, selector == expressions.AssignStatementSelector)
	r.steps += found.filters
	switch {
	case problem != "":
		return r.fail("%s", problem)
	case r.steps > r.opts.MaxFilters:
		return r.fail("more than %d tags and filters in one text", r.opts.MaxFilters)
	}
	if !parses(source, selector) {
		return r.fail("syntax error in %q", clip(source))
	}
	for _, name := range found.names {
		if !r.local[name.text] && !builtin[name.text] {
			r.all.add(name)
			r.own.add(name)
		}
	}
	if found.assigned != "" {
		if builtin[found.assigned] {
			return r.fail("%s cannot be assigned", found.assigned)
		}
		r.local[found.assigned] = true
	}
	return nil
}

// parses asks Liquid, which panics on some identifiers and numbers.
func parses(source, selector string) (ok bool) {
	defer func() { ok = recover() == nil && ok }()
	var err error
	if selector == "" {
		_, err = expressions.Parse(source)
	} else {
		_, err = expressions.ParseStatement(selector, source)
	}
	return err == nil
}

// fail makes an error at the current token.
func (r *leafReader) fail(format string, args ...any) error {
	before := r.text[:min(r.offset, len(r.text))]
	line := 1 + strings.Count(before, "\n")
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return &Error{Path: r.path, Line: line, Column: column, Problem: fmt.Sprintf(format, args...)}
}

// plainSegments is the fast form of a leaf that has plain variables only, else nil.
func plainSegments(tokens []parser.Token) []segment {
	segments := make([]segment, 0, len(tokens))
	for _, tok := range tokens {
		switch {
		case tok.Type == parser.TextTokenType:
			segments = append(segments, segment{literal: tok.Source})
		case tok.Type == parser.ObjTokenType && isName(tok.Args) && !builtin[tok.Args] && !keyword[tok.Args]:
			segments = append(segments, segment{variable: tok.Args})
		default:
			return nil
		}
	}
	return segments
}

// liquidProblem is the first line of Liquid's own words.
func liquidProblem(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if _, after, ok := strings.Cut(text, ": "); ok {
		text = after
	}
	return clip(text)
}

func clip(s string) string {
	if len(s) <= 120 {
		return s
	}
	return strings.ToValidUTF8(s[:120], "") + "…"
}
