package io.tidegate.adapters;

import io.netty.util.concurrent.DefaultThreadFactory;

/** Makes the thread of a pool of one, under exactly this name. */
final class NamedThreads extends DefaultThreadFactory {
    private final String name;

    NamedThreads(String name) {
        super(name, true);
        this.name = name;
    }

    @Override
    protected Thread newThread(Runnable work, String ignored) {
        return super.newThread(work, name);
    }
}
