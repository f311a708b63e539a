// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/** The session's own queue is full; nothing was sent. */
public final class BackpressureException extends UpstreamException {
    private static final long serialVersionUID = 1L;

    BackpressureException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(kind, where, message, cause);
    }
}
