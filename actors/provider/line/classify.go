package line

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"hayauma.example/actors/provider"
)

// What LINE says in an answer's message; its causes of a 429 are told apart by these, and that a user id is nobody's.
const (
	SaysRateLimit    = "The API rate limit has been exceeded. Try again later."
	SaysMonthlyLimit = "You have reached your monthly limit."
	SaysKeyAccepted  = "The retry key is already accepted"
	SaysNoUser       = "Failed to send messages"
)

// problem is LINE's ErrorResponse, as far as it is read.
type problem struct {
	Message string `json:"message"`
	Details []struct {
		Message  string `json:"message"`
		Property string `json:"property"`
	} `json:"details"`
}

// Classify turns an HTTP answer into what it makes certain. readErr is the error of reading body, which is then cut short.
//
//	200              Accepted; Doubtful where the body can't be read, because then someone else may have answered
//	409              Accepted earlier under this key, if it says so; else Doubtful
//	401              Unauthorized
//	429              OverQuota if it names the monthly limit, else Throttled
//	408              Doubtful: proxies say it, LINE doesn't
//	other 4xx        Refused; NoUser where a 400 says so and gives no details, as it does of what is wrong with a message
//	everything else  Doubtful
func Classify(status int, header http.Header, body []byte, readErr error) provider.Answer {
	answer := provider.Answer{Status: status, RequestID: first(header, "X-Line-Request-Id")}
	if status == http.StatusOK {
		return classifyOK(answer, body, readErr)
	}
	said := readProblem(body)
	answer.Reason = reason(said.text(status))
	switch {
	case status == http.StatusConflict:
		return classifyConflict(answer, header, said)
	case status == http.StatusUnauthorized:
		answer.Verdict = provider.Unauthorized
	case status == http.StatusTooManyRequests && strings.Contains(strings.ToLower(said.Message), "monthly limit"):
		answer.Verdict = provider.OverQuota
	case status == http.StatusTooManyRequests:
		answer.Verdict = provider.Throttled
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		answer.Verdict = provider.Refused
		answer.NoUser = status == http.StatusBadRequest && said.Message == SaysNoUser && len(said.Details) == 0
	default:
		answer.Verdict = provider.Doubtful
	}
	return answer
}

func classifyOK(answer provider.Answer, body []byte, readErr error) provider.Answer {
	switch {
	case readErr != nil:
		answer.Verdict, answer.Reason = provider.Doubtful, reason("status 200, but its body broke off: "+readErr.Error())
	case !json.Valid(body) || body[firstByte(body)] != '{':
		answer.Verdict, answer.Reason = provider.Doubtful, "status 200, but its body is no JSON object"
	default:
		answer.Verdict = provider.Accepted
	}
	return answer
}

func classifyConflict(answer provider.Answer, header http.Header, said problem) provider.Answer {
	accepted := first(header, "X-Line-Accepted-Request-Id")
	if accepted == "" && !strings.Contains(strings.ToLower(said.Message), "retry key is already accepted") {
		answer.Verdict = provider.Doubtful
		return answer
	}
	answer.Verdict = provider.Accepted
	if accepted != "" {
		answer.RequestID = accepted
	}
	return answer
}

// first is a header's value; name is in canonical form.
func first(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// firstByte finds the first byte that isn't white space, in valid JSON.
func firstByte(body []byte) int {
	i := 0
	for strings.IndexByte(" \t\r\n", body[i]) >= 0 {
		i++
	}
	return i
}

// readProblem reads LINE's words; an empty problem if there are none.
func readProblem(body []byte) problem {
	var p problem
	if json.Unmarshal(body, &p) != nil {
		return problem{}
	}
	return p
}

func (p problem) text(status int) string {
	if p.Message == "" {
		return "status " + strconv.Itoa(status) + " without a readable message"
	}
	if len(p.Details) == 0 {
		return p.Message
	}
	var text strings.Builder
	text.WriteString(p.Message)
	for i, d := range p.Details {
		text.WriteString([]string{": ", "; "}[min(i, 1)])
		text.WriteString(strings.TrimSpace(d.Property + " " + d.Message))
	}
	return text.String()
}
