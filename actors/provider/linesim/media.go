package linesim

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// secure are the fields of messages whose URL must be https.
var secure = map[string]bool{
	"originalContentUrl": true, "previewImageUrl": true, "previewUrl": true, "thumbnailImageUrl": true, "imageUrl": true, "iconUrl": true, "baseUrl": true,
	"url": true, // of images, icons and videos in a flex message
}

// media refuses a message that shows what is not fetched by https. It is another hand's work than line.CheckMessages, which lets it pass.
func (e *examiner) media(messages []byte) *refusal {
	if !bytes.Contains(messages, []byte(`rl"`)) {
		return nil
	}
	e.json.Reset(messages)
	return refusalOf(e.json.Array(func(i int) error { return e.urls(i, "") }), messages)
}

// urls looks through one value of message i; path is where it stands in the message.
func (e *examiner) urls(i int, path string) error {
	switch e.json.Peek() {
	case '{':
		return e.json.Object(func(name []byte) error {
			field := string(name)
			if !secure[field] || e.json.Peek() != '"' {
				return e.urls(i, path+"/"+field)
			}
			value, err := e.json.String()
			const scheme = "https://"
			if err == nil && len(value) > 0 && !(len(value) > len(scheme) && strings.EqualFold(string(value[:len(scheme)]), scheme)) {
				return insecure(i, path+"/"+field)
			}
			return err
		})
	case '[':
		return e.json.Array(func(n int) error { return e.urls(i, path+"/"+strconv.Itoa(n)) })
	}
	return e.json.Skip()
}

// insecure is the refusal in the words that LINE has for a field of a message itself, and for one in a template or flex container.
func insecure(i int, path string) *refusal {
	field := strings.TrimPrefix(path, "/")
	if !strings.Contains(field, "/") {
		return badBody(fmt.Sprintf("messages[%d].%s", i, field), "Must be a valid HTTPS URL")
	}
	if inside, ok := strings.CutPrefix(path, "/contents"); ok {
		field = inside
	}
	return &refusal{status: 400, message: fmt.Sprintf("A message (messages[%d]) in the request body is invalid", i), property: field, problem: "invalid uri scheme"}
}
