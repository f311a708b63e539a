// SPDX-License-Identifier: Apache-2.0
package io.upstream.micrometer;

import io.micrometer.core.instrument.Tags;
import io.upstream.FailureKind;
import java.util.Locale;

/** How kinds of failures are written in tags. */
final class Kinds {
    private Kinds() {}

    static Tags tag(FailureKind kind) {
        return Tags.of("kind", kind.name().toLowerCase(Locale.ROOT));
    }
}
