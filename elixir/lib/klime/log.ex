defmodule Klime.Log do
  @moduledoc false
  # Log lines that no client can write. Each kind is written once a second at most, however often there is cause for it.

  require Logger

  @no_client 1
  @no_option 2

  @doc "Begins to count the time between lines. Without it each one is written."
  @spec start() :: :ok
  def start, do: :persistent_term.put(__MODULE__, :atomics.new(2, signed: true))

  @doc "An event is lost because there is no client."
  @spec no_client(term()) :: :ok
  def no_client(client) do
    if due?(@no_client), do: Logger.warning("klime: no client is running as #{inspect(client)}, its events are lost")
    :ok
  end

  @doc "A call was given an option that there is none of."
  @spec no_option(term()) :: :ok
  def no_option(name) do
    if due?(@no_option), do: Logger.warning("klime: a call has no option #{inspect(name)}, it is ignored")
    :ok
  end

  defp due?(kind) do
    case :persistent_term.get(__MODULE__, nil) do
      nil -> true
      last -> first_of_second?(last, kind)
    end
  end

  defp first_of_second?(last, kind) do
    now = System.monotonic_time(:second)
    seen = :atomics.get(last, kind)
    now != seen and :atomics.compare_exchange(last, kind, seen, now) == :ok
  end
end
