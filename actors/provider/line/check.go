package line

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"hayauma.example/actors/provider/internal/canon"
)

// MaxText is the longest text of a message, in UTF-16 code units.
const MaxText = 5000

// MaxMessages is how many message objects one request may carry.
const MaxMessages = 5

// MessageError says what LINE would refuse in a message array, and where.
type MessageError struct {
	Path    string // such as messages[2].text
	Problem string
}

func (e *MessageError) Error() string { return e.Path + ": " + e.Problem }

// CheckMessages checks a JSON array of message objects against the contract that LINE publishes: 1 to 5 objects of a known type, the
// required fields of the type and of what it contains, JSON types, and lengths in UTF-16 code units. Fields that it doesn't know
// pass, and so do rules that LINE keeps to itself (whether a sticker exists, an image can be fetched). The error is a *MessageError.
func CheckMessages(messages []byte) error {
	c := checker{}
	c.json.Reset(messages)
	err := c.list(&messageList)
	if err == nil {
		err = c.json.End()
	}
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*misfit](err); ok {
		return &MessageError{Path: "messages" + wrong.path(), Problem: wrong.problem}
	}
	return &MessageError{Path: "messages", Problem: err.Error()}
}

// checker walks one array along the shapes of shapes.go.
type checker struct{ json canon.Reader }

// misfit is a mistake on its way up; every level adds its step.
type misfit struct {
	steps   []string // innermost first
	problem string
}

func (m *misfit) Error() string { return m.path() + ": " + m.problem }

func (m *misfit) path() string {
	var path strings.Builder
	for _, v := range slices.Backward(m.steps) {
		path.WriteString(v)
	}
	return path.String()
}

func wrong(format string, args ...any) error { return &misfit{problem: fmt.Sprintf(format, args...)} }

// under adds a step to a mistake found below it. A syntax error becomes a mistake there, so that its place is told too.
func under(err error, step string) error {
	var m *misfit
	if !errors.As(err, &m) {
		m = &misfit{problem: err.Error()}
	}
	m.steps = append(m.steps, step)
	return m
}

// value checks the next value against a rule.
func (c *checker) value(r *rule) error {
	next := c.json.Peek()
	if !r.kind.begins(next) {
		return wrong("must be %s", r.kind)
	}
	switch r.kind {
	case text:
		return c.text(r)
	case integer:
		return c.integer()
	case object:
		return c.object(r.shape)
	case list:
		return c.list(r)
	}
	return c.json.Skip()
}

func (c *checker) text(r *rule) error {
	s, err := c.json.String()
	if err != nil {
		return err
	}
	if len(s) < r.min {
		return wrong("must not be empty")
	}
	if r.max > 0 && len(s) > r.max {
		if n := utf16Units(s); n > r.max {
			return wrong("has %d UTF-16 code units, at most %d are allowed", n, r.max)
		}
	}
	if len(r.oneOf) > 0 && !contains(r.oneOf, s) {
		return wrong("%q is not one of %s", clip(s), strings.Join(r.oneOf, ", "))
	}
	return nil
}

func (c *checker) integer() error {
	n, err := c.json.Number()
	if err == nil && strings.ContainsAny(string(n), ".eE") {
		return wrong("must be %s", integer)
	}
	return err
}

func (c *checker) list(r *rule) error {
	if c.json.Peek() != '[' {
		return wrong("must be %s", list)
	}
	n := 0
	err := c.json.Array(func(i int) error {
		if n = i + 1; r.max > 0 && n > r.max {
			return c.json.Skip() // counted for the error
		}
		if err := c.value(r.of); err != nil {
			return under(err, "["+strconv.Itoa(i)+"]")
		}
		return nil
	})
	if err == nil && r.max > 0 && n > r.max {
		return wrong("has %d elements, at most %d are allowed", n, r.max)
	}
	if err == nil && n < r.min {
		return wrong("must have at least %d element", r.min)
	}
	return err
}

// object checks an object; where its type decides what else it holds, the type is looked for first.
func (c *checker) object(s *shape) error {
	if s.types != nil {
		var err error
		if s, err = c.variant(s); err != nil {
			return err
		}
	}
	var seen uint64
	err := c.json.Object(func(name []byte) error {
		i := s.find(name)
		if i < 0 {
			return c.other(s, name)
		}
		field := &s.fields[i]
		if seen&(1<<i) != 0 {
			return under(wrong("stands twice"), "."+field.name)
		}
		if c.json.Null() {
			return nil // as if absent
		}
		seen |= 1 << i
		if err := c.value(&field.rule); err != nil {
			return under(err, "."+field.name)
		}
		return nil
	})
	if missing := s.required &^ seen; err == nil && missing != 0 {
		return under(wrong("is required"), "."+s.fields[lowest(missing)].name)
	}
	return err
}

// other checks a value under a name that the shape doesn't list.
func (c *checker) other(s *shape, name []byte) error {
	if s.rest == nil {
		return c.json.Skip()
	}
	step := "." + clip(name)
	if err := c.value(s.rest); err != nil {
		return under(err, step)
	}
	return nil
}

// variant reads ahead for the type of the next object and returns the shape that goes with it.
func (c *checker) variant(s *shape) (*shape, error) {
	start := c.json.Pos()
	var found *shape
	err := c.json.Object(func(name []byte) error {
		if string(name) != "type" || c.json.Peek() != '"' {
			return c.json.Skip()
		}
		value, err := c.json.String()
		if err != nil {
			return err
		}
		if found = s.types[string(value)]; found == nil {
			return under(wrong("unknown type %q of %s: known are %s", clip(value), s.name, strings.Join(slices.Sorted(maps.Keys(s.types)), ", ")), ".type")
		}
		return nil
	})
	c.json.Seek(start)
	if err == nil && found == nil {
		err = under(wrong("is required, and is a string"), ".type")
	}
	return found, err
}

// utf16Units counts as LINE does: one for a character up to U+FFFF, two above. s is valid UTF-8.
func utf16Units(s []byte) int {
	n := 0
	for _, b := range s {
		if b < 0x80 || b >= 0xC0 {
			n++ // a character's first byte
		}
		if b >= 0xF0 {
			n++ // it needs a surrogate pair
		}
	}
	return n
}

func contains(words []string, s []byte) bool {
	return slices.Contains(words, string(s))
}

// clip keeps what is quoted in an error short.
func clip(s []byte) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(string(s[:40]), "") + "…"
	}
	return string(s)
}
