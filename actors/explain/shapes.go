package explain

import (
	"bytes"

	"hayauma.example/actors/plan"
)

const (
	maxShapes    = 10_000 // that are told apart
	maxToBeAsked = 50     // whose first body is kept
)

// Shapes are the kinds of messages that recipients would get, see the package documentation.
type Shapes struct {
	Distinct int
	More     bool    // there are others than Distinct
	First    []Shape // the first 50, less where their bodies are large
}

// Shape is one kind of messages, with the first message of it.
type Shape struct {
	Message
	Recipients int
}

// shapes finds them.
type shapes struct {
	Shapes
	by      map[plan.Hash]int // in First, -1 where it isn't there
	kept    int               // bytes
	last    plan.Hash         // hash of the last body,
	current int               // and where its shape is, as by has it
	outline []byte
}

func newShapes() *shapes { return &shapes{by: map[plan.Hash]int{}, current: -1} }

// add counts one good body.
func (s *shapes) add(r plan.Rendered, place placer) error {
	if r.Hash != s.last {
		if err := s.find(r, place); err != nil {
			return err
		}
		s.last = r.Hash
	}
	if s.current >= 0 {
		s.First[s.current].Recipients++
	}
	return nil
}

func (s *shapes) find(r plan.Rendered, place placer) error {
	s.outline = appendOutline(s.outline[:0], r.Body)
	key := plan.Sum(s.outline)
	if known, ok := s.by[key]; ok {
		s.current = known
		return nil
	}
	s.current = -1
	if len(s.by) == maxShapes {
		s.More = true
		return nil
	}
	if len(s.First) < maxToBeAsked && s.kept+len(r.Body) <= maxKept {
		at, err := place()
		if err != nil {
			return err
		}
		s.kept += len(r.Body)
		s.current = len(s.First)
		s.First = append(s.First, Shape{Message: Message{at, bytes.Clone(r.Body), r.Lot}})
	}
	s.by[key] = s.current
	return nil
}

func (s *shapes) done() Shapes {
	s.Distinct = len(s.by)
	return s.Shapes
}

// appendOutline appends a JSON text without its string values. The text is compact, as rendered messages are.
func appendOutline(dst, text []byte) []byte {
	var name []byte // of the member whose value comes next
	for len(text) > 0 {
		if text[0] != '"' {
			dst = append(dst, text[0])
			text = text[1:]
			continue
		}
		end := literal(text)
		token := text[:end]
		text = text[end:]
		switch {
		case len(text) > 0 && text[0] == ':':
			name = token
			dst = append(dst, token...)
			continue
		case string(name) == `"type"`:
			dst = append(dst, token...)
		default:
			dst = append(dst, '"', kind(token[1:]), '"')
		}
		name = nil
	}
	return dst
}

// literal is the length of the string literal at the beginning of text.
func literal(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// schemes are those of the URIs that LINE tells apart.
var schemes = [][]byte{[]byte("https:"), []byte("http:"), []byte("line:"), []byte("tel:"), []byte("mailto:")}

// kind is what a string value's literal, without its first quote, is in an outline.
func kind(value []byte) byte {
	if len(value) > 0 && value[0] == '"' {
		return 'e'
	}
	for i, scheme := range schemes {
		if bytes.HasPrefix(value, scheme) {
			return '0' + byte(i)
		}
	}
	return 's'
}
