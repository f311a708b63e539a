// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/** A limit of the subscription is used up. */
public final class QuotaExceededException extends UpstreamException {
    private static final long serialVersionUID = 1L;

    QuotaExceededException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(kind, where, message, cause);
    }
}
