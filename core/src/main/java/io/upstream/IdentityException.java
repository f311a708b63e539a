// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/** The identity is not registered, or is switched off. */
public final class IdentityException extends UpstreamException {
    private static final long serialVersionUID = 1L;

    IdentityException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(kind, where, message, cause);
    }
}
