defmodule Klime.Log do
  @moduledoc false
  # Log lines that no client can write.

  require Logger

  @doc "An event is lost because there is no client: said once a second at most, however many there are."
  def no_client(client) do
    if due?(), do: Logger.warning("klime: no client is running as #{inspect(client)}, its events are lost")
    :ok
  end

  defp due? do
    now = System.monotonic_time(:second)
    last = last()
    seen = :atomics.get(last, 1)
    now != seen and :atomics.compare_exchange(last, 1, seen, now) == :ok
  end

  defp last do
    case :persistent_term.get(__MODULE__, nil) do
      nil ->
        last = :atomics.new(1, signed: true)
        :persistent_term.put(__MODULE__, last)
        last

      last ->
        last
    end
  end
end
