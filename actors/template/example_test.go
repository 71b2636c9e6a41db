package template_test

import (
	"encoding/json"
	"fmt"
	"time"

	"hayauma.example/actors/template"
)

func Example() {
	messages := json.RawMessage(`[{"type": "text", "text": "Hello {{ name | default: 'friend' }}, see you on {{ now | date: '%d %B' }}: {{ shop }}"}]`)
	t, err := template.Parse(messages, template.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("needs", t.Variables(), "may have", t.Optional())

	due := time.Date(2026, 3, 9, 18, 0, 0, 0, time.UTC)
	bound, err := t.Bind([]string{"shop", "name"}, due)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range [][]string{{`"Kyōto"`, "Hanako"}, {"Nara", ""}} {
		body, err := bound.Render(nil, row)
		fmt.Println(string(body), err)
	}
	// Output:
	// needs [shop] may have [name]
	// [{"type":"text","text":"Hello Hanako, see you on 09 March: \"Kyōto\""}] <nil>
	// [{"type":"text","text":"Hello friend, see you on 09 March: Nara"}] <nil>
}

func ExampleParse_error() {
	_, err := template.Parse(json.RawMessage(`[{"type":"text","text":"Hello\n{% for x in y %}"}]`), template.Options{})
	fmt.Println(err)
	// Output:
	// messages[0].text, line 2, column 1: tag for is not supported: use assign, case, comment, if, raw or unless
}
