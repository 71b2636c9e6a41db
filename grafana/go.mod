module hayauma.example/grafana

go 1.26.0

require (
	github.com/grafana/grafana-foundation-sdk/go v0.0.18
	go.yaml.in/yaml/v3 v3.0.5
)

require (
	golang.org/x/image v0.25.0
	golang.org/x/text v0.43.0 // indirect
)

replace hayauma.example => ../
