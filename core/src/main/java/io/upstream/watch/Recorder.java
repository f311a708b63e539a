// SPDX-License-Identifier: Apache-2.0
package io.upstream.watch;

import io.upstream.Identity;
import io.upstream.UpstreamEvent.AttemptEnded;
import io.upstream.UpstreamEvent.What;
import org.jspecify.annotations.Nullable;

/**
 * The way to the JDK's Flight Recorder where there is one, that is the module {@code jdk.jfr}; else nowhere. Its classes are not touched
 * before it is known to be there. Costs a look at a flag while nothing is recorded. Any thread.
 */
class Recorder {
    private static final Recorder NOWHERE = new Recorder();

    /** Not loaded before it is asked for. */
    private static final class Holder {
        private static final Recorder CURRENT = make();

        private static Recorder make() {
            try {
                Class.forName("jdk.jfr.Event", false, Recorder.class.getClassLoader());
                return new FlightRecorder();
            } catch (ClassNotFoundException | LinkageError e) {
                return NOWHERE;
            }
        }
    }

    static Recorder current() {
        return Holder.CURRENT;
    }

    /** An attempt begins; null if nobody records it. */
    @Nullable
    Object beginAttempt() {
        return null;
    }

    /**
     * It is over.
     *
     * @param begun what {@link #beginAttempt} gave
     */
    void endAttempt(@Nullable Object begun, String protocol, @Nullable Identity identity, AttemptEnded end) {}

    /** A layer of an attempt begins; null if nobody records it. */
    @Nullable
    Object beginStage() {
        return null;
    }

    /** It is over. */
    void endStage(@Nullable Object begun, long attempt, String stage) {}

    /** Something has happened in a session. */
    void record(String protocol, Identity identity, What what) {}

    /** A message was acknowledged late. */
    void slowSend(String protocol, Identity identity, int size, long nanos) {}
}
