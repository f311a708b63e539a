// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Tells quickly of most texts that none of many words is in them, in whatever case: by a set of hashes of the words' beginnings. Tests log
 * millions of lines, and each is looked through for more than a hundred secrets.
 */
final class Anchors {
    /** The shortest word. */
    static final int SHORTEST = 4;

    private static final int LONGEST = 12;
    private static final int HASH_BITS = 16;

    private final BitSet hashes = new BitSet(1 << HASH_BITS);
    private final List<String> beginnings = new ArrayList<>();

    /** Looks for {@code word}, too. */
    void add(String word) {
        if (word.length() < SHORTEST) {
            throw new IllegalArgumentException(
                    "words of less than " + SHORTEST + " characters are in every text: '" + word + "'");
        }
        hashes.set(hash(word, 0));
        beginnings.add(word.substring(0, Math.min(LONGEST, word.length())));
    }

    /** False only if none of the words is in {@code text}. */
    boolean mayBeIn(String text) {
        for (int at = 0; at <= text.length() - SHORTEST; at++) {
            if (hashes.get(hash(text, at)) && beginsAt(text, at)) {
                return true;
            }
        }
        return false;
    }

    private boolean beginsAt(String text, int at) {
        for (String beginning : beginnings) {
            if (text.regionMatches(true, at, beginning, 0, beginning.length())) {
                return true;
            }
        }
        return false;
    }

    /** The same for both cases of a letter; of others, too, which does no harm. */
    private static int hash(String text, int at) {
        int hash = 0;
        for (int i = at; i < at + SHORTEST; i++) {
            hash = hash * 31 + (text.charAt(i) | 0x20);
        }
        return (hash * 0x9E3779B9) >>> (32 - HASH_BITS);
    }
}
