// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/** This message alone cannot be delivered; the session goes on. */
public final class MessageException extends UpstreamException {
    private static final long serialVersionUID = 1L;

    MessageException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(kind, where, message, cause);
    }
}
