defmodule Klime.Application do
  @moduledoc false
  # Delivers what is pending when the system stops, also of clients that no supervisor stops: those of scripts.

  use Application

  require Logger

  alias Klime.{Address, JSON, Log, Native}

  # How long the stop of a system may wait for Klime, in milliseconds.
  @time 4500

  @impl true
  def start(_type, _args) do
    JSON.choose()
    Log.start()
    flush_at_exit()
    Supervisor.start_link([], strategy: :one_for_one, name: Klime.Supervisor)
  end

  # What is registered there stays, so a second start of the application registers nothing.
  defp flush_at_exit do
    if not :persistent_term.get(__MODULE__, false) do
      :persistent_term.put(__MODULE__, true)
      System.at_exit(fn _status -> flush_clients() end)
    end
  end

  @impl true
  def prep_stop(state) do
    flush_clients()
    state
  end

  # The clients go on: after this hook the app may still track, and a client in somebody's tree outlives a restart of klime.
  @doc false
  def flush_clients do
    owners = Native.owners()

    # All at once. Who has not answered by then is in the count below.
    owners
    |> Task.async_stream(&Address.ask(&1, {:flush, @time, []}, @time),
      max_concurrency: max(length(owners), 1),
      ordered: false,
      timeout: :infinity
    )
    |> Stream.run()

    pending = owners |> Enum.map(&pending/1) |> Enum.sum()
    if pending > 0, do: Logger.warning("klime: events not delivered at the stop of the system: #{pending}")
    :ok
  end

  defp pending(owner) do
    case Native.stats(owner) do
      %{pending: pending} -> pending
      :none -> 0
    end
  end
end
