package io.coxswain.launcher.top;

import java.util.ArrayList;
import java.util.List;

/** A line of a screen: pieces of text, each in a colour, cut off at the screen's width. */
final class StyledLine {
    /** Colours of a terminal; the text says the same without them. */
    enum Style {
        PLAIN(""),
        BOLD("1"),
        DIM("2"),
        GOOD("32"),
        WARN("33"),
        BAD("31"),
        INFO("36");

        private final String code;

        Style(String code) {
            this.code = code;
        }
    }

    private record Piece(String text, Style style) {}

    private final List<Piece> pieces = new ArrayList<>();

    static StyledLine of(String text) {
        return new StyledLine().add(text, Style.PLAIN);
    }

    StyledLine add(String text, Style style) {
        if (!text.isEmpty()) {
            pieces.add(new Piece(text, style));
        }
        return this;
    }

    StyledLine add(String text) {
        return add(text, Style.PLAIN);
    }

    /** Without colours, whole. */
    String plain() {
        var text = new StringBuilder();
        pieces.forEach(piece -> text.append(piece.text()));
        return text.toString();
    }

    /** At most {@code width} characters, with or without colours. */
    String render(int width, boolean colour) {
        var text = new StringBuilder();
        int left = width;
        for (Piece piece : pieces) {
            String shown = piece.text().substring(0, cut(piece.text(), left));
            left -= shown.length();
            if (colour && piece.style() != Style.PLAIN && !shown.isEmpty()) {
                text.append("\u001b[").append(piece.style().code).append('m');
                text.append(shown).append("\u001b[0m");
            } else {
                text.append(shown);
            }
        }
        return text.toString();
    }

    // Not within a pair of surrogates.
    private static int cut(String text, int most) {
        if (text.length() <= most) {
            return text.length();
        }
        return most > 0 && Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most;
    }
}
