defmodule Klime.Application do
  @moduledoc false
  # Delivers what is pending when the system stops, also of clients that no supervisor stops: those of scripts.

  use Application

  alias Klime.{Call, Native}

  @impl true
  def start(_type, _args) do
    System.at_exit(fn _status -> stop_clients() end)
    Supervisor.start_link([Klime.LastWords], strategy: :one_for_one, name: Klime.Supervisor)
  end

  @impl true
  def prep_stop(state) do
    stop_clients()
    state
  end

  @doc false
  def stop_clients do
    Native.owners()
    |> Enum.map(fn owner -> Task.async(fn -> Call.ask(owner, {:shutdown, []}, 5000) end) end)
    |> Task.yield_many(5000)

    :ok
  end
end
