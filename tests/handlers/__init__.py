"""The function app in the real worker library, between both simulators."""
