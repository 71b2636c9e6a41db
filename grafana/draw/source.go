package draw

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Source is a Prometheus.
type Source struct{ URL string }

// Span is the time that is shown.
type Span struct{ From, To time.Time }

// Series is one answer: values at the steps of the span, NaN where there is none.
type Series struct {
	Labels map[string]string
	Values []float64
}

// Last is the last value that there is.
func (s Series) Last() float64 {
	for _, v := range slices.Backward(s.Values) {
		if !math.IsNaN(v) {
			return v
		}
	}
	return math.NaN()
}

// steps is how many values a series has.
const steps = 240

// Range asks for an expression's values over the span.
func (s Source) Range(ctx context.Context, expr string, span Span) ([]Series, error) {
	step := span.To.Sub(span.From).Seconds() / steps
	q := url.Values{"query": {expr}, "start": {stamp(span.From)}, "end": {stamp(span.To)}, "step": {strconv.FormatFloat(step, 'f', 3, 64)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/v1/query_range?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	if answer.Status != "success" {
		return nil, fmt.Errorf("%s: %s", expr, answer.Error)
	}
	all := make([]Series, 0, len(answer.Data.Result))
	for _, r := range answer.Data.Result {
		series := Series{Labels: r.Metric, Values: make([]float64, steps+1)}
		for i := range series.Values {
			series.Values[i] = math.NaN()
		}
		for _, v := range r.Values {
			at, ok := v[0].(float64)
			text, isText := v[1].(string)
			value, err := strconv.ParseFloat(text, 64)
			i := int(math.Round((at - float64(span.From.UnixMilli())/1000) / step))
			if ok && isText && err == nil && i >= 0 && i <= steps && !math.IsInf(value, 0) {
				series.Values[i] = value
			}
		}
		all = append(all, series)
	}
	return all, nil
}

func stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }
