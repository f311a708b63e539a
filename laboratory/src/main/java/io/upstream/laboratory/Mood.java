// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

/** How the application's handlers behave. */
enum Mood {
    GOOD,
    /** Takes 20 ms for each. */
    SLOW,
    /** Takes 800 ms for each. */
    BLOCKING,
    EXCEPTION,
    ERROR,
    /** A stack overflow. */
    OVERFLOW;

    private static final int SLOW_MILLIS = 20;
    private static final int BLOCKED_MILLIS = 800;

    /** Does to the calling thread what a handler in this mood does. */
    void act() {
        switch (this) {
            case GOOD -> {}
            case SLOW -> rest(SLOW_MILLIS);
            case BLOCKING -> rest(BLOCKED_MILLIS);
            case EXCEPTION -> throw new IllegalStateException("the listener fails on purpose");
            case ERROR -> throw new AssertionError("the listener fails on purpose");
            case OVERFLOW -> dig(0);
        }
    }

    private static void rest(int millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @SuppressWarnings("InfiniteRecursion") // until the stack ends
    private static int dig(int depth) {
        return dig(depth + 1) + 1;
    }
}
