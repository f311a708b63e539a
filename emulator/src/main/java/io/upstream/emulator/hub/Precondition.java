// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/**
 * On what state a change depends, so that it does not overwrite another's: {@code If-Match} of RFC 9110 section 13.1.1 and
 * what the hub makes of its absence.
 *
 * @param etag the entity tag without quotes; empty but for {@link Kind#MATCHES}
 */
public record Precondition(Kind kind, String etag) {
    /** Whatever is there. */
    public static final Precondition NONE = new Precondition(Kind.NONE, "");
    /** Nothing of this name is there. */
    public static final Precondition ABSENT = new Precondition(Kind.ABSENT, "");
    /** Something of this name is there. */
    public static final Precondition PRESENT = new Precondition(Kind.PRESENT, "");

    /** What a change can depend on. */
    public enum Kind {
        NONE,
        ABSENT,
        PRESENT,
        MATCHES
    }

    /** Exactly this version is there. */
    public static Precondition matches(String etag) {
        return new Precondition(Kind.MATCHES, etag);
    }

    /** Whether an existing thing of this entity tag fits. */
    public boolean admits(String present) {
        return kind != Kind.ABSENT && (kind != Kind.MATCHES || etag.equals(present));
    }
}
