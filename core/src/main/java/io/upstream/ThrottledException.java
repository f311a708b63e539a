// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/** The hub asks for less. */
public final class ThrottledException extends UpstreamException {
    private static final long serialVersionUID = 1L;

    ThrottledException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(kind, where, message, cause);
    }
}
