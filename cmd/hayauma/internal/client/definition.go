package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	maxDepth  = 100     // of a campaign file
	maxOutput = 4 << 20 // bytes of JSON; aliases could multiply a small file
)

// Definition is the JSON of a campaign file that is JSON or YAML.
func Definition(file []byte) ([]byte, error) {
	if trimmed := bytes.TrimSpace(file); json.Valid(trimmed) {
		return trimmed, nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(file, &doc); err != nil {
		return nil, notYAML(err)
	}
	if len(doc.Content) != 1 {
		return nil, fmt.Errorf("empty file")
	}
	t := translation{}
	if err := t.node(doc.Content[0], 0); err != nil {
		return nil, err
	}
	return t.out.Bytes(), nil
}

func notYAML(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.Contains(text, "mapping values are not allowed") || strings.Contains(text, "did not find expected") {
		text += " (a text with a colon, a quote or a brace in it must stand in quotes)"
	}
	return fmt.Errorf("not valid YAML: %s", text)
}

// translation writes YAML nodes as JSON.
type translation struct{ out bytes.Buffer }

func (t *translation) node(n *yaml.Node, depth int) error {
	if depth > maxDepth || t.out.Len() > maxOutput {
		return t.fail(n, "nested too deep or too large")
	}
	switch n.Kind {
	case yaml.AliasNode:
		return t.node(n.Alias, depth+1)
	case yaml.MappingNode:
		return t.mapping(n, depth)
	case yaml.SequenceNode:
		return t.sequence(n, depth)
	case yaml.ScalarNode:
		return t.scalar(n)
	}
	return t.fail(n, "not a value")
}

func (t *translation) mapping(n *yaml.Node, depth int) error {
	seen := map[string]bool{}
	t.out.WriteByte('{')
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode:
			return t.fail(key, "a key must be a plain word")
		case key.ShortTag() == "!!merge":
			return t.fail(key, "merge keys (<<) are not supported: write the members out")
		case seen[key.Value]:
			return t.fail(key, fmt.Sprintf("the key %q stands twice", key.Value))
		}
		seen[key.Value] = true
		if i > 0 {
			t.out.WriteByte(',')
		}
		if err := t.text(key.Value); err != nil {
			return err
		}
		t.out.WriteByte(':')
		if err := t.node(n.Content[i+1], depth+1); err != nil {
			return err
		}
	}
	t.out.WriteByte('}')
	return nil
}

func (t *translation) sequence(n *yaml.Node, depth int) error {
	t.out.WriteByte('[')
	for i, item := range n.Content {
		if i > 0 {
			t.out.WriteByte(',')
		}
		if err := t.node(item, depth+1); err != nil {
			return err
		}
	}
	t.out.WriteByte(']')
	return nil
}

func (t *translation) scalar(n *yaml.Node) error {
	switch n.ShortTag() {
	case "!!null":
		t.out.WriteString("null")
		return nil
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			return t.fail(n, err.Error())
		}
		fmt.Fprint(&t.out, b)
		return nil
	case "!!int", "!!float":
		return t.number(n)
	case "!!str", "!!timestamp":
		return t.text(n.Value)
	}
	return t.fail(n, "values tagged "+n.ShortTag()+" are not supported")
}

// number keeps the digits where they are a JSON number.
func (t *translation) number(n *yaml.Node) error {
	if json.Valid([]byte(n.Value)) {
		t.out.WriteString(n.Value)
		return nil
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return t.fail(n, err.Error())
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return t.fail(n, fmt.Sprintf("%s is no number that JSON can hold", n.Value))
	}
	t.out.Write(raw)
	return nil
}

func (t *translation) text(s string) error {
	enc := json.NewEncoder(&t.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return err
	}
	t.out.Truncate(t.out.Len() - 1) // the encoder's line feed
	return nil
}

func (t *translation) fail(n *yaml.Node, problem string) error {
	return fmt.Errorf("line %d, column %d: %s", n.Line, n.Column, strings.TrimPrefix(problem, "yaml: "))
}
