// Package conversations reads sets of long conversations with questions about them, and scores what a memory recalls.
//
// A set is a file of JSON lines, one conversation each: its two speakers, its sessions with their time and turns, and questions with
// the ids of the turns that hold the evidence. It is for measuring alone; nothing of a set is kept.
package conversations

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Conversation is what two people said over months, and what is asked about it.
type Conversation struct {
	ID        string
	Speakers  [2]string
	Turns     []Turn // oldest first
	Questions []Question
}

// Turn is one thing that was said.
type Turn struct {
	ID      string
	Speaker int // index into Speakers
	Text    string
	At      time.Time
}

// Question is asked after the conversation. Its category is 1 for several pieces of evidence, 2 for times, 3 for what must be
// concluded, 4 for one piece.
type Question struct {
	Text     string
	Evidence []string // ids of turns, each once
	Category int
}

// scored are the categories that have evidence. Those of the fifth ask the wrong person, and nothing answers them.
const scored = 4

// sessionTime is how a session names its time; a minute passes from turn to turn.
const sessionTime = "3:04 pm on 2 January, 2006"

const longestLine = 32 << 20

// Read reads a set, without the questions that have no evidence.
func Read(file string) (list []Conversation, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open the set: %w", err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		c, err := parse(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("read conversation %d: %w", len(list)+1, err)
		}
		list = append(list, c)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the set: %w", err)
	}
	return list, nil
}

func parse(line []byte) (c Conversation, err error) {
	var raw struct {
		ID       string   `json:"id"`
		Speakers []string `json:"speakers"`
		Sessions []struct {
			At    string `json:"at"`
			Turns []struct {
				ID      string `json:"id"`
				Speaker string `json:"speaker"`
				Text    string `json:"text"`
			} `json:"turns"`
		} `json:"sessions"`
		Questions []struct {
			Question string   `json:"question"`
			Evidence []string `json:"evidence"`
			Category int      `json:"category"`
		} `json:"questions"`
	}
	if err := json.Unmarshal(line, &raw); err != nil {
		return c, err
	}
	if len(raw.Speakers) != len(c.Speakers) {
		return c, fmt.Errorf("it has %d speakers, not %d", len(raw.Speakers), len(c.Speakers))
	}
	c.ID, c.Speakers = raw.ID, [2]string(raw.Speakers)
	for _, s := range raw.Sessions {
		at, err := time.Parse(sessionTime, s.At)
		if err != nil {
			return c, fmt.Errorf("read a session's time: %w", err)
		}
		for i, t := range s.Turns {
			turn := Turn{ID: t.ID, Text: t.Text, At: at.Add(time.Duration(i) * time.Minute)}
			switch t.Speaker {
			case c.Speakers[0]:
			case c.Speakers[1]:
				turn.Speaker = 1
			default:
				return c, fmt.Errorf("turn %s is by neither speaker", t.ID)
			}
			c.Turns = append(c.Turns, turn)
		}
	}
	for _, q := range raw.Questions {
		if evidence := distinct(q.Evidence); q.Category >= 1 && q.Category <= scored && len(evidence) > 0 {
			c.Questions = append(c.Questions, Question{q.Question, evidence, q.Category})
		}
	}
	return c, nil
}

func distinct(ids []string) (out []string) {
	seen := map[string]bool{}
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
