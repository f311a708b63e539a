// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/** The cause lies in this process: closed, misconfigured or broken. */
public final class LocalException extends UpstreamException {
    private static final long serialVersionUID = 1L;

    LocalException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(kind, where, message, cause);
    }
}
