// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

/**
 * A promise that was not kept.
 *
 * @param text what was seen, with numbers
 */
public record Violation(Invariant invariant, String text) {
    /** What must be so whatever happens. */
    public enum Invariant {
        I1("every future is done once, by its deadline and not before it without reason"),
        I2("what was acknowledged has arrived"),
        I3("nothing has arrived that was not sent"),
        I4("only what was unacknowledged when a connection was lost arrives twice, once more for each loss"),
        I5("what arrives for the first time is in order"),
        I6("what was sent down has arrived, and answers are those of their calls"),
        I7("statuses follow one another as they may"),
        I8("the session comes back in time, and everything works then"),
        I9("what was accepted is acknowledged, failed, cancelled or pending"),
        I10("nothing is left when everything is closed"),
        I14("never more than one attempt to connect at once"),
        /** No promise of the library. */
        LAB("the laboratory itself works");

        private final String text;

        Invariant(String text) {
            this.text = text;
        }

        /** In words. */
        public String text() {
            return text;
        }
    }

    @Override
    public String toString() {
        return invariant + ": " + text;
    }
}
