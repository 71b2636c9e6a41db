package template

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// reader turns the JSON tree into pieces.
type reader struct {
	opts   Options
	vars   variables
	pieces []piece
	lit    []byte // literal JSON since the last placeholder
	dec    *json.Decoder
}

func (r *reader) read(messages []byte) error {
	switch trimmed := bytes.TrimSpace(messages); {
	case len(messages) > r.opts.MaxSource:
		return &Error{Path: Root, Problem: fmt.Sprintf("larger than %d bytes: shorten the messages", r.opts.MaxSource)}
	case !utf8.Valid(messages):
		return &Error{Path: Root, Problem: "not valid UTF-8: save the file as UTF-8"}
	case len(trimmed) == 0 || trimmed[0] != '[':
		return &Error{Path: Root, Problem: "must be a JSON array of message objects"}
	}
	r.dec = json.NewDecoder(bytes.NewReader(messages))
	r.dec.UseNumber()
	if err := r.value(Root, 0); err != nil {
		return err
	}
	if _, err := r.dec.Token(); err != io.EOF {
		return &Error{Path: Root, Problem: "something follows the array: remove it"}
	}
	r.flush()
	return nil
}

func (r *reader) token(path string) (json.Token, error) {
	tok, err := r.dec.Token()
	if err != nil {
		return nil, &Error{Path: path, Problem: fmt.Sprintf("not valid JSON near byte %d: %v", r.dec.InputOffset(), err)}
	}
	return tok, nil
}

func (r *reader) value(path string, depth int) error {
	if depth > r.opts.MaxDepth {
		return &Error{Path: path, Problem: fmt.Sprintf("nested deeper than %d levels", r.opts.MaxDepth)}
	}
	tok, err := r.token(path)
	if err != nil {
		return err
	}
	switch v := tok.(type) {
	case json.Delim:
		if v == '[' {
			return r.array(path, depth)
		}
		return r.object(path, depth)
	case string:
		return r.text(path, v)
	case json.Number:
		r.lit = append(r.lit, v...)
	case bool:
		r.lit = strconv.AppendBool(r.lit, v)
	default:
		r.lit = append(r.lit, "null"...)
	}
	return nil
}

func (r *reader) array(path string, depth int) error {
	r.lit = append(r.lit, '[')
	for i := 0; r.dec.More(); i++ {
		if i > 0 {
			r.lit = append(r.lit, ',')
		}
		if err := r.value(path+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
			return err
		}
	}
	r.lit = append(r.lit, ']')
	_, err := r.token(path)
	return err
}

func (r *reader) object(path string, depth int) error {
	r.lit = append(r.lit, '{')
	seen := map[string]bool{}
	for r.dec.More() {
		tok, err := r.token(path)
		if err != nil {
			return err
		}
		key, _ := tok.(string)
		if seen[key] {
			return &Error{Path: path, Problem: fmt.Sprintf("member %q is given twice: remove one", key)}
		}
		if len(seen) > 0 {
			r.lit = append(r.lit, ',')
		}
		seen[key] = true
		r.lit = append(appendString(r.lit, key), ':')
		if err := r.value(path+"."+key, depth+1); err != nil {
			return err
		}
	}
	r.lit = append(r.lit, '}')
	_, err := r.token(path)
	return err
}

func (r *reader) text(path, text string) error {
	l, err := parseLeaf(path, text, r.opts, &r.vars)
	if err != nil {
		return err
	}
	r.lit = append(r.lit, '"')
	if l.plain == nil {
		r.flush()
		r.pieces = append(r.pieces, piece{leaf: l, path: path})
	}
	for _, s := range l.plain {
		if s.variable == "" {
			r.lit = appendEscaped(r.lit, s.literal)
			continue
		}
		r.flush()
		r.pieces = append(r.pieces, piece{variable: s.variable, path: path})
	}
	r.lit = append(r.lit, '"')
	return nil
}

func (r *reader) flush() {
	if len(r.lit) > 0 {
		r.pieces = append(r.pieces, piece{literal: string(r.lit)})
		r.lit = r.lit[:0]
	}
}
