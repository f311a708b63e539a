// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/** Somebody else connected with the same identity. */
public final class ConflictException extends UpstreamException {
    private static final long serialVersionUID = 1L;

    ConflictException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(kind, where, message, cause);
    }
}
