// SPDX-License-Identifier: Apache-2.0
/** The public API. */
@NullMarked
package io.upstream;

import org.jspecify.annotations.NullMarked;
