defmodule Klime.DoctestTest do
  # Not async: some examples are about the client that is registered as `:klime`.
  use ExUnit.Case

  doctest Klime
  doctest Klime.BatchResponse
  doctest Klime.Client
  doctest Klime.ConfigurationError
  doctest Klime.Event
  doctest Klime.EventContext
  doctest Klime.EventType
  doctest Klime.LibraryInfo
  doctest Klime.Plug
  doctest Klime.SendError
  doctest Klime.Testing
  doctest Klime.ValidationError
end
