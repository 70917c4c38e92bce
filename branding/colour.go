package branding

import (
	"math"
	"strconv"
	"strings"
)

// ValidColour tells whether a string is #RRGGBB.
func ValidColour(colour string) bool {
	return len(colour) == 7 && colour[0] == '#' && strings.Trim(strings.ToLower(colour[1:]), "0123456789abcdef") == ""
}

// Foreground is the colour of letters on a ground: white, our near black, or pure black on the few grounds of middling
// lightness where neither reaches a contrast of 4.5:1 (WCAG 2.2). White or black always does: at the lightness where both
// are equal they reach 4.58. What is no colour gets near black.
func Foreground(ground string) string {
	const white, ink, black = "#FFFFFF", "#07121E", "#000000"
	for _, letters := range []string{white, ink} {
		if Contrast(letters, ground) >= 4.5 {
			return letters
		}
	}
	return black
}

// Contrast of two colours by WCAG 2.2, from 1 to 21. What is no colour counts as white.
func Contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(colour string) float64 {
	if !ValidColour(colour) {
		return 1
	}
	part := func(from int) float64 {
		n, _ := strconv.ParseUint(colour[from:from+2], 16, 8) // the form was checked
		return linear(float64(n) / 255)
	}
	return relative(part(1), part(3), part(5))
}

func linear(channel float64) float64 {
	if channel <= 0.04045 {
		return channel / 12.92
	}
	return math.Pow((channel+0.055)/1.055, 2.4)
}

func relative(r, g, b float64) float64 { return 0.2126*r + 0.7152*g + 0.0722*b }
